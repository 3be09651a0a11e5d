"""Which streams exist, and how does a run go?"""

from __future__ import annotations

import gc
import io
import json
import os
import signal
import traceback
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, partial
from itertools import chain
from typing import IO, TYPE_CHECKING, Any, ClassVar, cast

from click import ClickException
from singer_sdk import Tap
from singer_sdk.exceptions import ConfigurationError, MapExpressionError, MappingError
from singer_sdk.helpers.capabilities import CapabilitiesEnum, PluginCapabilities, TapCapabilities
from singer_sdk.singerlib import Catalog, CatalogEntry, Schema, StateMessage
from typing_extensions import override

from tap_intercom import batches, bookmarks, given, settings
from tap_intercom.api.errors import EndsRun
from tap_intercom.audit import RunError, named
from tap_intercom.ending import BY_SIGNAL, SettingsError
from tap_intercom.messages import WholeLineWriter
from tap_intercom.plain import log_plainly
from tap_intercom.records import columns, times
from tap_intercom.run import Run
from tap_intercom.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import FrameType

    import click
    from singer_sdk.streams import Stream

    from tap_intercom.shapes.shape import Shape


class TapIntercom(Tap):
    """Everything readable out of an Intercom workspace."""

    name = "tap-intercom"
    message_writer_class = WholeLineWriter
    config_jsonschema = settings.DECLARED

    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        TapCapabilities.TEST,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.BATCH,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    @override
    def discover_streams(self) -> list[Shape]:
        return [stream(self, self.run) for stream in STREAMS]

    @classmethod
    def command(cls) -> click.Command:
        """Give what is typed as `tap-intercom`.

        Raises:
            SettingsError: What is to be logged, or how, is not said as it can be.
        """
        given.check_logging()
        try:
            return cls.cli
        except Exception as error:
            if "SINGER_SDK_LOG_CONFIG" not in os.environ:
                raise
            msg = "SINGER_SDK_LOG_CONFIG names no file that logging can be set up with"
            raise SettingsError([f"{msg}: {type(error).__name__}."]) from error

    @classmethod
    def gathered(
        cls, files: Iterable[str], options: Mapping[str, Any], forced: Mapping[str, Any]
    ) -> TapIntercom:
        """Make a tap from files of settings, the environment and options: the last wins.

        What is forced wins over all of them, and over a connection string, also where it is empty.

        Raises:
            SettingsError: The settings, or a file of them, cannot work.
        """
        config: dict[str, Any] = {}
        for path in files:
            if path != "ENV":  # as the tap is told, where it does not look by itself
                config |= given.read_settings(path)
        cls._check_environment()
        config, errors = settings.with_connection_string(
            {**config, **cls._env_var_config, **options}
        )
        if errors:
            raise SettingsError(errors)
        return cls(config={**config, "connection_string": None, **forced})

    def __init__(
        self, *args: Any, catalog: Any = None, parse_env_config: bool = False, **kwargs: Any
    ) -> None:
        """Make a tap, once settings in the environment and the catalog are seen to be readable."""
        log_plainly()
        if parse_env_config:
            self._check_environment()
        if isinstance(catalog, dict) and not isinstance(catalog, Catalog):
            catalog = _read_catalog(catalog)
        super().__init__(*args, catalog=catalog, parse_env_config=parse_env_config, **kwargs)
        super()._setup_signal_handlers()

    @override
    def _setup_signal_handlers(self) -> None:
        """Leave signals alone until there are a state and a writer; the SDK would not wait."""

    @override
    def setup_mapper(self) -> None:
        """Set up what the SDK does to records of selected streams on their way.

        Raises:
            SettingsError: It cannot work as it is set.
        """
        chosen = {one.name for one in self.selected}
        with mapping():
            super(Tap, self).setup_mapper()
            entries = {
                name: self._told(one) for name, one in self.catalog.items() if name in chosen
            }
            self.mapper.register_raw_streams_from_catalog(Catalog(entries))
        if self.config.get("batch_config"):
            batches.check(self.config["batch_config"])

    def map_whole(self, name: str) -> None:
        """Set up the same for a stream that is not selected, and wanted all the same, for a look.

        Its fields are not selected either: by the catalog, it would have none, and no keys.

        Raises:
            SettingsError: It cannot work as it is set.
        """
        with mapping():
            entry = self._told(self.catalog[name])
            self.mapper.register_raw_stream_schema(
                name, entry.schema.to_dict(), entry.key_properties
            )

    def _told(self, entry: CatalogEntry) -> CatalogEntry:
        """Give an entry of the catalog so that it can be flattened."""
        if not columns.levels(self.config):
            return entry
        keys = entry.key_properties or ()
        schema = columns.distinct(entry.schema.to_dict(), self.config, keys)
        return replace(entry, schema=Schema.from_dict(schema))

    @classmethod
    @override
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> Any:
        found = super().cb_config(ctx, param, tuple(one for one in value if one == "ENV"))
        for path in value:
            if path != "ENV":
                found.config |= given.read_settings(path)
        return found

    @classmethod
    @override
    def invoke(
        cls, *, state: IO[str] | None = None, catalog: IO[str] | None = None, **kwargs: Any
    ) -> None:
        super().invoke(state=_checked(state, given.state_in), catalog=_checked(catalog), **kwargs)

    @classmethod
    def _check_environment(cls) -> None:
        cls.append_builtin_config(cls.config_jsonschema)
        given.check_environment(cls.config_jsonschema)

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        self.append_builtin_config(self.config_jsonschema)
        config = {name: one for name, one in self._config.items() if one is not None}
        self._config, errors = settings.with_connection_string(config)
        errors = errors + settings.problems(self.config_jsonschema, self._config)
        if errors and raise_errors:
            raise SettingsError(errors)
        if errors:  # in discovery, which needs no settings
            self.logger.warning("Going on without settings: %s", " ".join(errors))
            self._config = {}
        super()._validate_config(raise_errors=raise_errors)  # fills in the defaults
        return errors

    @override
    def load_state(self, state: dict[str, Any]) -> None:
        """Take over the bookmarks of the streams that are incremental; name those of no stream.

        Raises:
            SettingsError: One of them is not a time, or the state is none.
        """
        keys = {stream.name: stream.replication_key for stream in STREAMS}
        found = bookmarks.read(state, keys)
        if others := bookmarks.unknown(state, keys):
            self.logger.warning(UNKNOWN, named(others))
        super().load_state({"bookmarks": found})

    @cached_property
    def run(self) -> Run:
        """What all streams share; nothing is asked yet."""
        return Run(self.config)

    @property
    def selected(self) -> list[Shape]:
        """The streams that are selected, in their order."""
        streams = cast("dict[str, Shape]", self.streams)
        return [stream for stream in streams.values() if stream.selected]

    @override  # type: ignore[misc]  # final, and the SDK has no hook around a run
    def sync_all(self) -> None:
        writer = cast("WholeLineWriter", self.message_writer)
        try:
            self.write_summary("running")
        except RunError as error:  # before anything is asked, it is the setting that cannot work
            raise SettingsError([error.message]) from error
        writer.end_with_target(partial(self.write_summary, "failed"))
        outcome = "failed"
        names = [one.name for one in self.selected]
        try:
            self.run.introduce(self.run.patience)
            with rarely_collecting():
                try:
                    self._sync(self.selected)
                finally:
                    writer.flush()
            outcome = "failed" if self.run.audit.failed else "completed"
        except EndsRun as error:
            msg = f"{error.message} {self.run.audit.sentence(names)}"
            raise RunError(msg) from error
        finally:
            self.run.end()
            self.run.audit.tell(names, self.logger)
            self.write_summary(outcome)
        self.run.audit.conclude(names, self.logger, is_strict=self.config["strict"])

    def _sync(self, streams: Iterable[Shape]) -> None:
        """Read streams, those last of which something is read while the others are."""
        self._reset_state_progress_markers()
        self._set_compatible_replication_methods()
        if self.state:
            self._state_writer.write_state(self.state)
        there = [one for one in streams if one.is_available]
        late = [one for one in there if one.begin()]
        self.run.open([one.opens(one.reach()) for one in there])
        turns = [*(one for one in streams if one not in late), *late]
        for stream in chain(turns, (one for one in turns if one.is_unfinished)):
            self._read(stream)

    def _read(self, stream: Shape) -> None:
        """Read a stream; what ends it before its end does not end the others.

        Raises:
            ClickException: It ends the run.
            OSError: The system refuses what all streams need.
        """
        try:
            stream.sync()
            if stream.account.is_whole and not stream.is_unfinished:
                stream.activate_version()  # now that the last BATCH has been written
        except (ClickException, OSError):
            raise
        except MapExpressionError as error:
            stream.fail(unmappable(error))
        except Exception as error:
            said = "".join(traceback.format_exception_only(error)).strip()
            stream.fail(f"The tap made a mistake: {said.rstrip('.')}. Please report this.")
            self.logger.debug("Where it was made", exc_info=True)
        stream.finalize_state_progress_markers()

    @override  # type: ignore[misc]  # likewise
    def run_sync_dry_run(
        self,
        dry_run_record_limit: int | None = 1,
        streams: Iterable[Stream] | None = None,
    ) -> bool:
        self.run.introduce()
        try:
            done = super().run_sync_dry_run(dry_run_record_limit, streams)
        except MapExpressionError as error:
            raise RunError(unmappable(error)) from error
        names = [one.name for one in self.selected]
        self.run.audit.conclude(names, self.logger, is_strict=self.config["strict"])
        return done

    def write_summary(self, outcome: str) -> None:
        """Write what came of each stream as JSON, where the settings say so.

        It is written before the first request, too, so that a run that is killed has not completed.

        Raises:
            RunError: It cannot be written there.
        """
        if path := self.config.get("summary_file"):
            self.run.audit.write(
                path,
                [one.name for one in self.selected],
                outcome=outcome,
                workspace_id=self.run.workspace_id,
                started_at=times.text(self.run.started_at),
            )

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        # Ctrl-C under Meltano comes twice: from the terminal, and from Meltano.
        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, signal.SIG_IGN)
        writer = cast("WholeLineWriter", self.message_writer)
        writer.between_lines(partial(self._end, signum))

    def _end(self, signum: int) -> None:
        """Write the true STATE and exit as a program does that a signal has ended.

        The SDK exits with 0, and Meltano then calls a truncated run a success. Exiting without
        Python's own farewell, as calls may be on their way in threads that would hold it up.
        """
        try:
            if self.state:
                self.write_message(StateMessage(value=self.state))
            self.write_summary("stopped")
        finally:
            os._exit(BY_SIGNAL + signum)


@contextmanager
def mapping() -> Iterator[None]:
    """Set maps up.

    Raises:
        SettingsError: They cannot work as they are set.
    """
    try:
        yield
    except (MappingError, ConfigurationError, ValueError) as error:  # of two columns of one name
        said = str(error).rstrip(".")
        raise SettingsError([f"stream_maps or flattening cannot work: {said}."]) from error


def unmappable(error: MapExpressionError) -> str:
    """Say that a map is one that only a record shows to be wrong."""
    return f"stream_maps cannot be applied to a record: {str(error).rstrip('.')}."


UNKNOWN = (
    "The state has bookmarks of what is no stream of this tap: %s. They are left out. If a name is"
    " only misspelt, mend it: its stream is read as if for the first time."
)

# Records are trees, and gone when they are written. The collector would look for circles in them
# all the time, and take a third of the time of a run (docs/performance.md).
COLLECT_AFTER = (100_000, 50, 100)


@contextmanager
def rarely_collecting() -> Iterator[None]:
    """Let the collector of circles run rarely."""
    before = gc.get_threshold()
    gc.set_threshold(*COLLECT_AFTER)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _checked(
    file: IO[str] | None, read: Callable[[bytes, str], Any] = given.object_in
) -> IO[str] | None:
    """Give what a file holds to be read again, once it is seen to be an object of JSON."""
    if file is None:
        return None
    content = cast("IO[bytes]", cast("io.TextIOWrapper", file).buffer).read()
    return io.StringIO(json.dumps(read(content, file.name)))


def _read_catalog(catalog: dict[str, Any]) -> Catalog:
    """Read a catalog as the SDK does.

    Raises:
        SettingsError: It is none.
    """
    try:
        return Catalog.from_dict(catalog)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        msg = "The catalog is not one of Singer's: write it anew with --discover."
        raise SettingsError([msg]) from error
