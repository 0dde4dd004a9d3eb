"""A session of an asynchronous client."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any

from vllm_bridge._generated import pool_pb2, rank_pb2
from vllm_bridge.aio._streams import Items
from vllm_bridge.client._calls.checks import described
from vllm_bridge.client._calls.future import FutureCalls
from vllm_bridge.client._calls.link import Link
from vllm_bridge.client._calls.session import SessionCalls
from vllm_bridge.client._calls.timeouts import CONTROL_TIMEOUT, UNSET, Timeout
from vllm_bridge.client._distributed import AsyncDistributed
from vllm_bridge.client._objects import kept
from vllm_bridge.client._objects.contexts import ContextCalls
from vllm_bridge.client._objects.kept import Callee, Kept, Tensors
from vllm_bridge.client._worlds.items import ItemCalls
from vllm_bridge.transport.metadata import AFFINITY_NAMES

if TYPE_CHECKING:
    import torch

    from vllm_bridge.codec.calls import RemoteObject


class Session:
    """A session: the place of a series of calls, and of the objects they make.

    As `vllm_bridge.client.Session`, whose documentation has the rules. A call whose task is
    cancelled is given up: if it waits in the rank it never runs, if it runs it goes on.
    """

    def __init__(self, link: Link, info: pool_pb2.Session, *, opened: bool = False) -> None:
        # Whether it was opened for this object, whose block closes it then.
        self._opened = opened
        self._calls = SessionCalls(link, info)
        self.info = info

    def __repr__(self) -> str:
        return described(self.info, self.affinity)

    @property
    def session_id(self) -> str:
        """Its id."""
        return self.info.session_id

    @property
    def affinity(self) -> str:
        """hint, strict_queue or strict_fail_fast."""
        return AFFINITY_NAMES[self.info.affinity]

    @property
    def distributed(self) -> AsyncDistributed:
        """The functions of `vllm_distributed`, each with its own arguments and result types.

            group = await session.distributed.get_tp_group()
            total = await session.distributed.GroupCoordinator.all_reduce(group, torch.ones(4))

        `session.distributed(timeout=..., tensors="ref")` is the same with other options.
        """
        return AsyncDistributed(self.invoke)

    async def carrier(self) -> str:
        """What carries its next call: frames, to a rank or pool on this host, or grpc."""
        return await self._calls.carrier()

    async def call(
        self,
        name: str,
        *args: object,
        timeout: Timeout = UNSET,
        timeout_profile: str = "",
        tensors: Tensors = "value",
        **kwargs: object,
    ) -> Any:
        """Call a function of `vllm_distributed`, or a method as `Class.method` on its receiver.

        Raises:
            BridgeError: it failed; docs/errors.md has every reason.
        """
        return await self.invoke(
            name, args, kwargs, timeout=timeout, timeout_profile=timeout_profile, tensors=tensors
        )

    async def invoke(
        self,
        name: str,
        args: Sequence[object] = (),
        kwargs: Mapping[str, object] | None = None,
        *,
        timeout: Timeout = UNSET,
        timeout_profile: str = "",
        tensors: Tensors = "value",
    ) -> Any:
        """As `call`, with the arguments apart."""
        return await self._calls.invoke(
            name, args, kwargs, timeout=timeout, timeout_profile=timeout_profile, tensors=tensors
        )

    async def submit(
        self,
        name: str,
        *args: object,
        timeout: Timeout = UNSET,
        timeout_profile: str = "",
        tensors: Tensors = "value",
        **kwargs: object,
    ) -> Future:
        """As `call`, but returns when the call was sent: its result is collected later.

            futures = [await session.submit("get_pp_indices", 61, rank, 4) for rank in range(4)]
            ranges = [await future for future in futures]

        The time of the call begins now. Calls submitted to one rank, from one task, run in the
        order in which they were submitted; see `vllm_bridge.client.Session.submit`.
        """
        return Future(
            await self._calls.submit(name, args, kwargs, timeout, timeout_profile, tensors)
        )

    async def run(
        self,
        of: Callee,
        *args: object,
        timeout: Timeout = UNSET,
        timeout_profile: str = "",
        tensors: Tensors = "value",
        **kwargs: object,
    ) -> Any:
        """Call anything on the rank's allow list by its qualified name, e.g. `torch.arange`, or
        an object that the rank keeps: a module of the user's, say.

            model = await session.run("my_app.models.Small")
            scores = await session.run(model, batch)

        With `tensors="ref"` tensors of the result stay in the rank, see `keep`.
        """
        return await self._calls.run(of, args, kwargs, timeout, timeout_profile, tensors)

    async def keep(
        self,
        qualified_name: str,
        *args: object,
        timeout: Timeout = UNSET,
        timeout_profile: str = "",
        **kwargs: object,
    ) -> Any:
        """As `run`, but tensors of the result stay in the rank: objects stand in their place, to
        be passed back as arguments, or to another rank by `World.copy`.

            weights = await session.keep("torch.ones", [4096, 4096])
            norm = await session.run("torch.norm", weights)
        """
        return await self._calls.run(qualified_name, args, kwargs, timeout, timeout_profile, "ref")

    async def submit_run(
        self,
        of: Callee,
        *args: object,
        timeout: Timeout = UNSET,
        timeout_profile: str = "",
        tensors: Tensors = "value",
        **kwargs: object,
    ) -> Future:
        """As `run`, but returns when the call was sent: see `submit`."""
        return Future(
            await self._calls.submit_run(of, args, kwargs, timeout, timeout_profile, tensors)
        )

    async def call_method(
        self,
        of: Kept,
        method: str,
        *args: object,
        timeout: Timeout = UNSET,
        timeout_profile: str = "",
        tensors: Tensors = "value",
        **kwargs: object,
    ) -> Any:
        """Call a method of an object that the rank keeps.

            await session.call_method(model, "load_state_dict", weights)

        Raises:
            BridgeError: (validation) `name_not_allowed`: its class is not the operator's
                (`--allow`), or does not open the method; `unknown_ref`: the rank has forgotten it;
                `wrong_type`: it is no object of a rank. As `call`.
        """
        return await self._calls.run(of, args, kwargs, timeout, timeout_profile, tensors, method)

    async def get_attribute(self, of: Kept, name: str, *, timeout: Timeout = UNSET) -> Any:
        """An attribute of an object that the rank keeps. Raises as `call_method`."""
        return await kept.get_attribute(self._calls, of, name, timeout)

    async def fetch(self, of: Kept, *, timeout: Timeout = UNSET) -> torch.Tensor:
        """A tensor that the rank keeps: what `tensors="ref"` has left there.

        Raises:
            BridgeError: (validation) `wrong_type`: it is no tensor. As `call_method`.
        """
        tensor: torch.Tensor = await kept.fetch(self._calls, of, timeout)
        return tensor

    async def release(self, *objects: Kept, timeout: Timeout = UNSET) -> int:
        """Have the rank forget objects; returns how many it had. Others are passed over."""
        return await kept.release(self._calls, objects, timeout)

    def iterate(
        self,
        of: str | RemoteObject,
        *args: object,
        timeout: Timeout = UNSET,
        timeout_profile: str = "",
        **kwargs: object,
    ) -> Items:
        """Items of an iterator that a call makes and that stays in its rank: a generator's, say.

            async for token in session.iterate("my_app.model.generate", "Once upon a time"):
                print(token)

        `of` is the name of a function, as for `run`, or an iterator that a call has returned.
        Nothing is called before the first item is asked for. Items are fetched as they are asked
        for, several at a time where they are ready; between two requests nothing of the iterator
        runs, and other calls do. It is closed in its rank, on the thread that runs calls, when it
        has ended, by `close`, with its `async with` block, and when nobody refers to it any more.
        What it raises comes after the items before it.

        `timeout` is that of the whole stream, else the stream timeout of the profile; each request
        has the call timeout of the profile.

        Raises:
            BridgeError: (validation) `not_a_stream`: what was called returned no iterator;
                `name_not_allowed`: the server allows no such name (`--allow`); (timeout)
                `deadline_exceeded`. What the iterator raises, too. All of them while reading.
        """
        return Items(ItemCalls(self._calls, of, args, kwargs, timeout, timeout_profile))

    def context(
        self,
        of: str | RemoteObject,
        *args: object,
        timeout: Timeout = UNSET,
        timeout_profile: str = "",
        **kwargs: object,
    ) -> Context:
        """For `async with`: enters the context manager of a function, and always exits it."""
        return Context(self._calls.context(of, args, kwargs, timeout, timeout_profile))

    async def inspect(
        self, *, timeout: timedelta | None = CONTROL_TIMEOUT
    ) -> rank_pb2.InspectResponse:
        """What the session's rank is doing; answered also while it is blocked in a call."""
        return await self._calls.inspect(timeout)

    async def close(self, *, timeout: timedelta | None = CONTROL_TIMEOUT) -> bool:
        """Free its objects. False when it had ended before."""
        return await self._calls.close(timeout)

    async def allowed(self, timeout: Timeout, timeout_profile: str = "") -> timedelta | None:
        """How long a call has: its timeout, else what its profile, or the client's, says."""
        return await self._calls.allowed(timeout, timeout_profile)

    async def send(
        self,
        path: str,
        request: bytes,
        timeout: timedelta | None,
        more: Sequence[tuple[str, str]] = (),
    ) -> bytes:
        """One call of this session, as bytes; `more` metadata. Raises BridgeError."""
        return await self._calls.send(path, request, timeout, more)

    async def __aenter__(self) -> Session:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._opened:
            await self.close()


class Context:
    """A context manager of a rank: see `vllm_bridge.client.Session.context`.

    Calls of the task that entered it run in its rank. Use one from one task.
    """

    def __init__(self, calls: ContextCalls) -> None:
        self._calls = calls

    async def __aenter__(self) -> Any:
        return await self._calls.enter()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        return await self._calls.exit(error)


class Future:
    """A call that was begun with `Session.submit`: `await` it for its result.

    Its deadline was fixed when it began. Cancelling a task that awaits it cancels the call.
    """

    def __init__(self, calls: FutureCalls) -> None:
        self._calls = calls

    @property
    def carrier(self) -> str:
        """What carries it: frames or grpc."""
        return self._calls.carrier

    async def result(self, timeout: timedelta | None = None) -> Any:
        """Its result, when it has ended, which is at its deadline at the latest.

        Raises:
            BridgeError: as `Session.call` does; (timeout) `future_not_ready`: the call has not
                ended within `timeout`, and goes on; (grpc_error) `cancelled`: it was, by `cancel`.
        """
        return await self._calls.result(timeout)

    def __await__(self) -> Generator[Any, None, Any]:
        return self._calls.result(None).__await__()

    def __repr__(self) -> str:
        return f"<Future of {self._calls.what}, {'ended' if self.done() else 'pending'}>"

    def done(self) -> bool:
        """Whether it has ended: `result` does not wait then."""
        return self._calls.done()

    def cancel(self) -> bool:
        """Give it up. If it waits for its turn in the rank it never runs; if it runs it goes on.

        False when it had ended: its result is there.
        """
        return self._calls.cancel()
