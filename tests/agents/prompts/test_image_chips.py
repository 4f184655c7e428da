"""Images as a person puts them into a prompt."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.prompts.image_chips import IMAGE_CHIP, copy_name, image_chip, pasted_images, with_chips, with_names
from tests.images import a_picture


@pytest.fixture
def shots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with two images and a text."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("one.png", "Schreibtisch 2.PNG"):
        (tmp_path / name).write_bytes(a_picture())
    (tmp_path / "text.png").write_text("no picture")
    return tmp_path


@pytest.mark.parametrize(
    ("pasted", "names"),
    [
        ("{home}/one.png", ["one.png"]),
        ("{home}/one.png \n", ["one.png"]),
        ("{home}/Schreibtisch 2.PNG", ["Schreibtisch 2.PNG"]),
        ("'{home}/Schreibtisch 2.PNG'", ["Schreibtisch 2.PNG"]),
        ('"{home}/Schreibtisch 2.PNG"', ["Schreibtisch 2.PNG"]),
        ("{home}/Schreibtisch\\ 2.PNG", ["Schreibtisch 2.PNG"]),
        ("file://{home}/Schreibtisch%202.PNG", ["Schreibtisch 2.PNG"]),
        ("~/one.png", ["one.png"]),
        ("'{home}/one.png' '{home}/Schreibtisch 2.PNG'", ["one.png", "Schreibtisch 2.PNG"]),
        ("{home}/one.png\nfile://{home}/Schreibtisch%202.PNG\n", ["one.png", "Schreibtisch 2.PNG"]),
        ("look at {home}/one.png", []),
        ("{home}/text.png", []),
        ("{home}/gone.png", []),
        ("one.png", []),
        ("file://elsewhere{home}/one.png", []),
        ("it's {home}/one.png", []),
        ("", []),
    ],
)
def test_paths_of_images_that_terminals_paste(shots: Path, pasted: str, names: list[str]) -> None:
    assert pasted_images(pasted.format(home=shots)) == [str(shots / name) for name in names]


def test_an_image_that_is_named_by_its_full_path_becomes_a_chip(shots: Path) -> None:
    text = f'Like @{shots}/one.png, @"{shots}/Schreibtisch 2.PNG" or @~/one.png; not @src/one.png or @{shots}/text.png.'
    chipped, images = with_chips(text)
    assert sorted(Path(path).name for path in images.values()) == ["Schreibtisch 2.PNG", "one.png"]
    assert len(IMAGE_CHIP.findall(chipped)) == 3
    assert chipped.endswith(f"; not @src/one.png or @{shots}/text.png.")


def test_an_image_that_changed_has_another_chip(shots: Path) -> None:
    before = image_chip(str(shots / "one.png"))
    (shots / "one.png").write_bytes(a_picture() + b"more")
    after = image_chip(str(shots / "one.png"))
    assert before != after
    assert before.startswith("⟦image one.png #")


def test_attachments_are_named_for_people() -> None:
    path = "/home/me/my state/tasks/abc1/attachments/0123456789-shot.png"
    assert with_names(f'See @"{path}" and @src/a.png') == "See [image: shot.png] and @src/a.png"
    assert copy_name(Path("/x/Foto vom 3. Mai (neu).PNG")) == "Foto-vom-3.-Mai-neu.png"
