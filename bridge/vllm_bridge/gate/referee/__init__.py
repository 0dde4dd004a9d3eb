"""The referee: which calls of which ranks may start, and what to say of those that may not.

Pure logic: no sockets, no event loop, a clock that is handed in. The pool feeds in what ranks send
over their control connections and delivers the decisions that come out.
"""

from vllm_bridge.gate.referee.decisions import Decision, Holder, Member, Waiting, nobody
from vllm_bridge.gate.referee.referee import Referee

__all__ = ["Decision", "Holder", "Member", "Referee", "Waiting", "nobody"]
