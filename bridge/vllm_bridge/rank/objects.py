"""Objects that stay in the rank, per session."""

from __future__ import annotations

import itertools
import threading

from vllm_bridge._generated import types_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.rank.contexts import SessionContexts
from vllm_bridge.refs import NAMED, home_of, make_id

MAX_OBJECTS = 100_000
"""Per session. A client that never releases is told so instead of filling the rank's memory."""

MAX_NAME = 200


class SessionObjects:
    """The object table of one session.

    The same object has the same ref for as long as it is kept, so that asking for a group a
    thousand times keeps one entry. `home` is the id of this rank, where calls of one session may
    run in several: it is part of the refs, so that those of another rank are never taken for its
    own.
    """

    def __init__(
        self, session_id: str, epoch: int, limit: int = MAX_OBJECTS, home: str = ""
    ) -> None:
        self.session_id = session_id
        self._home = home
        self.contexts = SessionContexts(session_id)
        # What an iterator raised after the items that were fetched last, by its ref.
        self.failures: dict[str, Exception] = {}
        # Objects that are kept under a name, whoever made them.
        self._named: dict[str, object] = {}
        self._epoch = epoch
        self._limit = limit
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._by_ref: dict[str, object] = {}
        # id() is safe as a key because _by_ref keeps the object alive.
        self._ref_of: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self._by_ref)

    def put(self, value: object) -> types_pb2.Ref:
        """Keep a value and return its ref.

        Raises:
            BridgeError: (pool, `too_many_objects`) the session is at its limit.
        """
        with self._lock:
            identifier = self._ref_of.get(id(value))
            if identifier is None:
                if len(self._by_ref) >= self._limit:
                    raise BridgeError(
                        Category.POOL,
                        "too_many_objects",
                        f"session {self.session_id} already keeps {self._limit} objects; "
                        "release some with Vllm.release/1 or close the session",
                        details={"limit": self._limit},
                    )
                identifier = make_id(next(self._numbers), self._home)
                self._by_ref[identifier] = value
                self._ref_of[id(value)] = identifier
        return types_pb2.Ref(
            id=identifier,
            session_id=self.session_id,
            epoch=self._epoch,
            type_name=_type_name(value),
        )

    def get(self, ref: types_pb2.Ref) -> object:
        """The kept value.

        Raises:
            BridgeError: (validation) the ref belongs to another session (`foreign_ref`), to an
                earlier epoch of the world (`stale_ref`), is kept by another rank of its session
                (`ref_elsewhere`), or was released (`unknown_ref`).
        """
        if ref.session_id != self.session_id:
            raise _refused(
                "foreign_ref",
                f"{_named(ref)} belongs to session {ref.session_id!r} and was used in session "
                f"{self.session_id!r}; an object can only be used in the session that made it",
                ref,
            )
        if ref.epoch != self._epoch:
            raise _refused(
                "stale_ref",
                f"{_named(ref)} is of epoch {ref.epoch}, the world is at epoch {self._epoch}; "
                "fetch the object again",
                ref,
            )
        # A name has at least one character.
        if ref.id.startswith(NAMED) and ref.id != NAMED:
            return self._by_name(ref)
        with self._lock:
            if ref.id not in self._by_ref:
                self._check_home(ref)
                before = ""
                if self._home and not home_of(ref.id):
                    before = ", or went with the process that this rank was before"
                raise _refused(
                    "unknown_ref",
                    f"{_named(ref)} is not kept in session {self.session_id!r}; it was released, "
                    f"or never existed{before}. Make it again",
                    ref,
                )
            return self._by_ref[ref.id]

    def _by_name(self, ref: types_pb2.Ref) -> object:
        name = ref.id.removeprefix(NAMED)
        try:
            return self._named[name]
        except KeyError:
            known = ", ".join(map(repr, self.names())) or "none"
            raise _refused(
                "unknown_named_object",
                f"there is no object named {name!r} in session {self.session_id!r}; the names are: "
                f"{known}",
                ref,
                names=self.names(),
            ) from None

    def name(self, name: str, value: object) -> None:
        """Keep an object under a name, in place of what had it.

        Raises:
            BridgeError: (validation, `invalid_argument`) it is no name;
                (pool, `too_many_objects`) the session is at its limit.
        """
        if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
            raise BridgeError(
                Category.VALIDATION,
                "invalid_argument",
                f"an object's name has 1 to {MAX_NAME} printable characters, got: {name[:50]!r}",
                details={"name": name[:MAX_NAME]},
            )
        if len(self._named) >= self._limit and name not in self._named:
            raise BridgeError(
                Category.POOL,
                "too_many_objects",
                f"session {self.session_id} already has {self._limit} names; forget some",
                details={"limit": self._limit},
            )
        self._named[name] = value

    def forget_name(self, name: str) -> None:
        """Nothing has that name any more."""
        self._named.pop(name, None)

    def names(self) -> list[str]:
        """The names there are."""
        return sorted(self._named)

    def peek(self, ref: types_pb2.Ref) -> object:
        """The kept value, or None: the ref may be of anything."""
        if ref.session_id != self.session_id or ref.epoch != self._epoch:
            return None
        return self._by_ref.get(ref.id)

    def _check_home(self, ref: types_pb2.Ref) -> None:
        home = home_of(ref.id)
        if home and home != self._home:
            if self._epoch:
                raise _refused(
                    "unknown_ref",
                    f"{_named(ref)} is gone: {home}, the process that this rank of its world was "
                    "before, kept it. Make it again",
                    ref,
                )
            raise _refused(
                "ref_elsewhere",
                f"{_named(ref)} is kept by {home}, and this call runs in {self._home}: a call uses "
                "objects of one rank. Calls of a hint session may run in any; make the objects in "
                "a strict session, which has one",
                ref,
                home=home,
                rank_id=self._home,
            )

    def release(self, ref: types_pb2.Ref) -> bool:
        """Forget an object; False when it was not there.

        Raises:
            BridgeError: (validation, `context_entered`) it is a context that is entered.
        """
        if ref.session_id != self.session_id or ref.epoch != self._epoch:
            return False
        with self._lock:
            if ref.id not in self._by_ref:
                return False
            if ref.id in self.contexts:
                raise _refused(
                    "context_entered",
                    f"{_named(ref)} is entered and cannot be released; exit it first",
                    ref,
                )
            del self._ref_of[id(self._by_ref.pop(ref.id))]
            self.failures.pop(ref.id, None)
            return True

    def forget_all(self) -> None:
        """Forget every object: the session has ended."""
        with self._lock:
            kept, self._by_ref, self._ref_of = self._by_ref, {}, {}
            self.failures.clear()
            self._named.clear()
        kept.clear()


def _type_name(value: object) -> str:
    kind = type(value)
    return f"{kind.__module__}.{kind.__qualname__}"


def _named(ref: types_pb2.Ref) -> str:
    return f"ref {ref.id!r} ({ref.type_name or 'of unknown type'})"


def _refused(reason: str, message: str, ref: types_pb2.Ref, **more: object) -> BridgeError:
    details = {"ref": ref.id, "session_id": ref.session_id, "epoch": ref.epoch, **more}
    return BridgeError(Category.VALIDATION, reason, message, details=details)
