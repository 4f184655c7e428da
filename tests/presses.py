"""Which actions a pilot test brings about by their keys: said by the test, held while it runs.

:func:`presses` marks a test with the ids of actions (:mod:`app.keys`). A test so marked fails when no key of one of
them was pressed in it; that every action has such a test, ``tests/app/test_every_action.py`` sees to.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from textual.app import App


def presses(*ids: str) -> pytest.MarkDecorator:
    """The test presses keys of these actions and looks at what they do."""
    return pytest.mark.presses(*ids)


@pytest.fixture(autouse=True)
def _keys_are_pressed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hold a test to what it says it presses."""
    said = {name for mark in request.node.iter_markers("presses") for name in mark.args}
    if not said:
        yield
        return
    pressed: set[str] = set()

    async def check_bindings(app: App[object], key: str, priority: bool = False) -> bool:
        """As Textual 8 does it, and notes what was done."""
        chain = reversed(app.screen._binding_chain) if priority else app.screen._modal_binding_chain
        for namespace, bindings in chain:
            for binding in bindings.key_to_bindings.get(key, ()):
                if binding.priority == priority and await app.run_action(binding.action, namespace):
                    pressed.add(binding.id or "")
                    return True
        return False

    monkeypatch.setattr(App, "_check_bindings", check_bindings)
    yield
    missing = sorted(said - pressed)
    assert not missing, f"The test says that it presses keys of {missing}, and none did anything."
