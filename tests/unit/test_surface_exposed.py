"""Every public name is served by the bridge, or there is a reason why it is not."""

from __future__ import annotations

import inspect

import surface_names

import vllm_distributed as vd
from vllm_bridge import surface
from vllm_bridge.contract import methods_by_name
from vllm_distributed.handles import WorkHandle, finished


def test_every_public_name_is_exposed_or_has_a_reason() -> None:
    exposed = {item.name for item in surface.exposed() if item.service == surface.DISTRIBUTED}
    reached = exposed | set(surface.CLASSES)
    assert set(vd.__all__) - reached == set(surface.NOT_EXPOSED), "expose it, or say why not"
    assert reached <= set(vd.__all__), "what is exposed is public"
    assert all(len(reason.split()) > 3 for reason in surface.NOT_EXPOSED.values())


def test_every_method_of_an_exposed_class_is_exposed() -> None:
    # What a class inherits from an exposed one is reached by both names.
    exposed = set(methods_by_name())
    public = surface_names.public_classes()
    members = {
        f"{name}.{member}"
        for name in surface.CLASSES
        for member in dir(public[name])
        if not member.startswith("_") and is_callable_or_property(public[name], member)
    }
    assert members
    assert members <= exposed
    made = {f"{name}.new" for name in set(surface.CLASSES) - surface.MADE_ELSEWHERE}
    assert made <= exposed
    assert not {f"{name}.new" for name in surface.MADE_ELSEWHERE} & exposed


def is_callable_or_property(cls: type, member: str) -> bool:
    value = inspect.getattr_static(cls, member)
    return inspect.isfunction(value) or isinstance(value, (property, staticmethod, classmethod))


def test_handles_are_of_the_class_that_is_exposed() -> None:
    """A rank checks the class of the object that a method is called on."""
    handle = finished()
    assert isinstance(handle, WorkHandle)
    assert isinstance(handle, surface.CLASSES["Handle"])
    assert handle.is_completed()
    handle.wait()
