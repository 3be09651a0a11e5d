"""What may a test say to the sandbox itself? Everything under /__sandbox__, without a token.

GET    /__sandbox__/stats                    what was asked; ?log=1 adds every request in order
POST   /__sandbox__/reset                    count from zero again
POST   /__sandbox__/advance                  {"seconds": N}: let time pass, and things happen
POST   /__sandbox__/meanwhile                {"path": PATH, "after": N, "deeds": […]}: do something
                                             right after the Nth answer there; a deed is
                                             {"resource": …, "put": RECORD} or {…, "delete": ID}
GET    /__sandbox__/records/RESOURCE         every record there is now, for Intercom-Version
POST   /__sandbox__/records/RESOURCE         write the fields of one record, of any shape
DELETE /__sandbox__/records/RESOURCE/ID      delete one record; PARENT/ID where it hangs on another
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount, Route

from .exchange import Refusal, refused
from .passing import advance
from .truth import truth
from .versions import PREVIEW, parsed

if TYPE_CHECKING:
    from starlette.requests import Request

    from .state import State


def _json(data: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(data), status, media_type="application/json")


async def _given(request: Request) -> dict[str, Any]:
    try:
        given = msgspec.json.decode(await request.body())
    except msgspec.DecodeError:
        given = None
    if not isinstance(given, dict):
        raise Refusal(400, "bad_request", "The body must be a JSON object.")
    return given


async def _refuse(_: Request, refusal: Exception) -> Response:
    if not isinstance(refusal, Refusal):
        raise refusal
    reply = refused(refusal, "sandbox")
    return Response(reply.body, reply.status, media_type="application/json")


class _Control:
    """What can be asked of the sandbox itself."""

    def __init__(self, state: State) -> None:
        self.state = state

    async def stats(self, request: Request) -> Response:
        """Tell what was asked."""
        told = self.state.journal.stats()
        if request.query_params.get("log"):
            told["log"] = self.state.journal.log()
        return _json(told)

    async def reset(self, _: Request) -> Response:
        """Forget what was asked."""
        self.state.journal.reset()
        return _json({})

    async def advance(self, request: Request) -> Response:
        """Let time pass."""
        seconds = (await _given(request)).get("seconds")
        if type(seconds) is not int or seconds < 0:
            raise Refusal(400, "parameter_invalid", "seconds must be a whole number, 0 or more")
        advance(self.state.workspace, seconds)
        return _json({"now": int(self.state.clock.now())})

    async def meanwhile(self, request: Request) -> Response:
        """Plan what happens after an answer."""
        given = await _given(request)
        deeds = given.get("deeds")
        self.state.meanwhile.plan(
            str(given.get("path")), given.get("after", 1), deeds if isinstance(deeds, list) else []
        )
        return _json({})

    async def records(self, request: Request) -> Response:
        """Tell the truth about a resource."""
        header = request.headers.get("intercom-version")
        version = PREVIEW if header is None else parsed(header)
        resource = request.path_params["resource"]
        return _json(truth(self.state.holdings, resource, version))

    async def put(self, request: Request) -> Response:
        """Write a record."""
        given = await _given(request)
        return _json(self.state.workspace.put(request.path_params["resource"], given))

    async def delete(self, request: Request) -> Response:
        """Delete a record."""
        resource, identity = request.path_params["resource"], request.path_params["identity"]
        if not self.state.workspace.delete(resource, identity):
            raise Refusal(404, "not_found", f"There is no {identity} among the {resource}.")
        return _json({})


def control_app(state: State) -> Starlette:
    """Build the application behind /__sandbox__."""
    control = _Control(state)
    routes = [
        Route("/stats", control.stats),
        Route("/reset", control.reset, methods=["POST"]),
        Route("/advance", control.advance, methods=["POST"]),
        Route("/meanwhile", control.meanwhile, methods=["POST"]),
        Route("/records/{resource}", control.records),
        Route("/records/{resource}", control.put, methods=["POST"]),
        Route("/records/{resource}/{identity:path}", control.delete, methods=["DELETE"]),
    ]
    return Starlette(
        routes=[Mount("/__sandbox__", routes=routes)], exception_handlers={Refusal: _refuse}
    )
