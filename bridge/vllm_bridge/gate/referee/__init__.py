"""The referee: which calls of which ranks may start, and what to say of those that may not.

Pure logic: no sockets, no event loop, a clock that is handed in. The pool feeds in what ranks send
over their control connections and delivers the decisions that come out.
"""

from vllm_bridge.gate.referee.referee import Referee
from vllm_bridge.gate.referee.visits import Decision, Holder, Visitor, Waiting, nobody

__all__ = ["Decision", "Holder", "Referee", "Visitor", "Waiting", "nobody"]
