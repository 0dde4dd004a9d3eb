"""A session of a client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any

from vllm_bridge._generated import pool_pb2, rank_pb2
from vllm_bridge.client._blocking import now
from vllm_bridge.client._calls.checks import described
from vllm_bridge.client._calls.link import Link
from vllm_bridge.client._calls.session import SessionCalls
from vllm_bridge.client._calls.timeouts import CONTROL_TIMEOUT, UNSET, Timeout
from vllm_bridge.client._contexts import Context
from vllm_bridge.client._distributed import Distributed
from vllm_bridge.client._future import Future
from vllm_bridge.client._objects import kept
from vllm_bridge.client._objects.kept import Callee, Kept, Tensors
from vllm_bridge.client._streams import Items
from vllm_bridge.client._worlds.items import ItemCalls
from vllm_bridge.transport.metadata import AFFINITY_NAMES

if TYPE_CHECKING:
    import torch

    from vllm_bridge.codec.calls import RemoteObject


class Session:
    """A session: the place of a series of calls, and of the objects they make.

    As a context manager, what `open_session` returns closes it at the end of the block. What
    `Client.session` returns, and those of a world, stay open.
    """

    def __init__(self, link: Link, info: pool_pb2.Session, *, opened: bool = False) -> None:
        # Whether it was opened for this object, whose block closes it then.
        self._opened = opened
        self._link = link
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
    def distributed(self) -> Distributed:
        """The functions of `vllm_distributed`, each with its own arguments and result types.

            group = session.distributed.get_tp_group()
            total = session.distributed.GroupCoordinator.all_reduce(group, torch.ones(4))

        `session.distributed(timeout=..., tensors="ref")` is the same with other options.
        """
        return Distributed(self.invoke)

    @property
    def carrier(self) -> str:
        """What carries its next call: frames, to a rank or pool on this host, or grpc."""
        return now(self._calls.carrier())

    def call(
        self,
        name: str,
        *args: object,
        timeout: Timeout = UNSET,
        timeout_profile: str = "",
        tensors: Tensors = "value",
        **kwargs: object,
    ) -> Any:
        """Call a function of `vllm_distributed`, or a method as `Class.method` on its receiver.

        `timeout=None` waits for ever; without one, the profile says how long. For a function with
        a `timeout` of its own, use `invoke`. With `tensors="ref"` tensors of the result stay in the
        rank, and objects stand in their place, see `keep`.
        """
        return self.invoke(
            name, args, kwargs, timeout=timeout, timeout_profile=timeout_profile, tensors=tensors
        )

    def invoke(
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
        return now(
            self._calls.invoke(
                name,
                args,
                kwargs,
                timeout=timeout,
                timeout_profile=timeout_profile,
                tensors=tensors,
            )
        )

    def submit(
        self,
        name: str,
        *args: object,
        timeout: Timeout = UNSET,
        timeout_profile: str = "",
        tensors: Tensors = "value",
        **kwargs: object,
    ) -> Future:
        """As `call`, but without waiting for the result: that is collected later.

            futures = [session.submit("get_pp_indices", 61, rank, 4) for rank in range(4)]
            ranges = [future.result() for future in futures]

        The time of the call begins now. Calls submitted to one rank reach it in the order in which
        they were submitted, from one thread, and run in that order; those of a hint session, which
        has no rank of its own, in any. gRPC promises no order: where calls go by it (`carrier`),
        wait for one before you submit what must come after it. One whose request has more than
        1 MiB (that is: in its message, see docs/tensors.md) waits with being sent until the one
        before it has ended, as does the one after it.

        Raises:
            BridgeError: of what is refused before it is sent; all else, `result` raises.
        """
        return Future(
            now(self._calls.submit(name, args, kwargs, timeout, timeout_profile, tensors))
        )

    def submit_run(
        self,
        of: Callee,
        *args: object,
        timeout: Timeout = UNSET,
        timeout_profile: str = "",
        tensors: Tensors = "value",
        **kwargs: object,
    ) -> Future:
        """As `run`, but without waiting for the result: see `submit`."""
        return Future(
            now(self._calls.submit_run(of, args, kwargs, timeout, timeout_profile, tensors))
        )

    def run(
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

            model = session.run("my_app.models.Small")
            scores = session.run(model, batch)

        With `tensors="ref"` tensors of the result stay in the rank, see `keep`.
        """
        return now(self._calls.run(of, args, kwargs, timeout, timeout_profile, tensors))

    def keep(
        self,
        qualified_name: str,
        *args: object,
        timeout: Timeout = UNSET,
        timeout_profile: str = "",
        **kwargs: object,
    ) -> Any:
        """As `run`, but tensors of the result stay in the rank: objects stand in their place, to
        be passed back as arguments, or to another rank by `World.copy`.

            weights = session.keep("torch.ones", [4096, 4096])
            norm = session.run("torch.norm", weights)
        """
        return now(self._calls.run(qualified_name, args, kwargs, timeout, timeout_profile, "ref"))

    def call_method(
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

            session.call_method(model, "load_state_dict", weights)

        Raises:
            BridgeError: (validation) `name_not_allowed`: its class is not the operator's
                (`--allow`), or does not open the method; `unknown_ref`: the rank has forgotten it;
                `wrong_type`: it is no object of a rank. As `call`.
        """
        return now(self._calls.run(of, args, kwargs, timeout, timeout_profile, tensors, method))

    def get_attribute(self, of: Kept, name: str, *, timeout: Timeout = UNSET) -> Any:
        """An attribute of an object that the rank keeps. Raises as `call_method`."""
        return now(kept.get_attribute(self._calls, of, name, timeout))

    def fetch(self, of: Kept, *, timeout: Timeout = UNSET) -> torch.Tensor:
        """A tensor that the rank keeps: what `tensors="ref"` has left there.

        Raises:
            BridgeError: (validation) `wrong_type`: it is no tensor. As `call_method`.
        """
        tensor: torch.Tensor = now(kept.fetch(self._calls, of, timeout))
        return tensor

    def release(self, *objects: Kept, timeout: Timeout = UNSET) -> int:
        """Have the rank forget objects; returns how many it had. Others are passed over."""
        return now(kept.release(self._calls, objects, timeout))

    def iterate(
        self,
        of: str | RemoteObject,
        *args: object,
        timeout: Timeout = UNSET,
        timeout_profile: str = "",
        **kwargs: object,
    ) -> Items:
        """Items of an iterator that a call makes and that stays in its rank: a generator's, say.

            for token in session.iterate("my_app.model.generate", "Once upon a time"):
                print(token)

        `of` is the name of a function, as for `run`, or an iterator that a call has returned.
        Nothing is called before the first item is asked for. Items are fetched as they are asked
        for, several at a time where they are ready; between two requests nothing of the iterator
        runs, and other calls do. It is closed in its rank, on the thread that runs calls, when it
        has ended, by `close`, with its `with` block, and when nobody refers to it any more.
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
        """For `with`: enters the context manager that a function returns, and always exits it.

            with session.context("patch_tensor_parallel_group", group): ...
            with session.context(session.run("torch.no_grad")): ...

        `timeout` is that of each of its calls. See `Context`.
        """
        return Context(self._calls.context(of, args, kwargs, timeout, timeout_profile))

    def inspect(self, *, timeout: timedelta | None = CONTROL_TIMEOUT) -> rank_pb2.InspectResponse:
        """What the session's rank is doing; answered also while it is blocked in a call."""
        return now(self._calls.inspect(timeout))

    def close(self, *, timeout: timedelta | None = CONTROL_TIMEOUT) -> bool:
        """Free its objects. False when it had ended before."""
        return now(self._calls.close(timeout))

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._opened:
            self.close()

    def allowed(self, timeout: Timeout, timeout_profile: str = "") -> timedelta | None:
        """How long a call has: its timeout, else what its profile, or the client's, says."""
        return now(self._calls.allowed(timeout, timeout_profile))

    def send(
        self,
        path: str,
        request: bytes,
        timeout: timedelta | None,
        more: Sequence[tuple[str, str]] = (),
    ) -> bytes:
        """One call of this session, as bytes; `more` metadata. Raises BridgeError."""
        return now(self._calls.send(path, request, timeout, more))
