"""What is there to fetch?

Every shape that is given a class in a module of this package, but for those with an underscore;
there is no other list of them.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from tap_intercom.shapes.shape import Shape

_MODULES = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]

STREAMS: tuple[type[Shape], ...] = tuple(
    value
    for module in _MODULES
    for name, value in vars(module).items()
    if isinstance(value, type) and issubclass(value, Shape) and value.__module__ == module.__name__
    if not name.startswith("_")
)
