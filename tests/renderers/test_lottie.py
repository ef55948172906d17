"""stmpo-lottie: what it accepts, what it draws, and that it behaves as aerender does."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.demo import DEMO_COMP
from stmpo.model.errors import BadInput
from stmpo.renderers.aerender import Aerender
from stmpo.renderers.lottie import document as lottie_document
from stmpo.renderers.lottie.document import LottieInfo, load
from stmpo.renderers.lottie.renderer import check_lottie, main
from stmpo.renderers.protocol import Finding, FindingKind

if TYPE_CHECKING:
    from pathlib import Path

Image = pytest.importorskip("PIL.Image", reason="needs Pillow")
pytest.importorskip("rlottie_python", reason="needs rlottie")

ORANGE = [1, 0.5, 0, 1]


def document(**changes: Any) -> dict[str, Any]:
    """64 x 32, frames 10 to 19: the left half is half-transparent orange, all the way through."""
    place = {
        "p": {"a": 0, "k": [0, 0]},
        "a": {"a": 0, "k": [0, 0]},
        "s": {"a": 0, "k": [100, 100]},
        "r": {"a": 0, "k": 0},
    }
    place["o"] = {"a": 0, "k": 100}
    box = {"ty": "rc", "p": {"a": 0, "k": [16, 16]}, "s": {"a": 0, "k": [32, 32]}, "r": {"a": 0, "k": 0}}
    paint = {"ty": "fl", "c": {"a": 0, "k": ORANGE}, "o": {"a": 0, "k": 50}}
    shapes = [{"ty": "gr", "it": [box, paint, {"ty": "tr", **place}]}]
    layer = {"ty": 4, "ind": 1, "ip": 10, "op": 20, "st": 0, "ks": place, "shapes": shapes}
    return {
        "v": "5.9.0",
        "nm": "Main",
        "ip": 10,
        "op": 20,
        "fr": 25,
        "w": 64,
        "h": 32,
        "layers": [layer],
        **changes,
    }


@pytest.fixture
def comp(tmp_path: Path) -> Path:
    path = tmp_path / "comp.json"
    path.write_text(json.dumps(document()), encoding="utf-8")
    return path


def render(comp: Path, output: Path, *more: str) -> int:
    return main(["-project", str(comp), "-rqindex", "1", "-output", str(output), *more])


def archive(path: Path, members: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in members.items():
            file.writestr(name, text)
    return path


class TestCheck:
    def test_tells_what_there_is_to_render(self, comp: Path) -> None:
        assert check_lottie(comp) == LottieInfo("Main", 10, 19, 64, 32, 25.0)

    def test_a_document_without_a_name_has_its_file_s(self, tmp_path: Path) -> None:
        path = tmp_path / "shot 1.json"
        path.write_text(json.dumps(document(nm="")), encoding="utf-8")
        assert check_lottie(path).name == "shot 1"

    @pytest.mark.parametrize("folder", ["animations", "a"])
    def test_reads_both_versions_of_dotlottie(self, tmp_path: Path, folder: str) -> None:
        members = {
            "manifest.json": json.dumps({"animations": [{"id": "one"}, {"id": "two"}]}),
            f"{folder}/one.json": json.dumps(document(nm="One")),
            f"{folder}/two.json": json.dumps(document(nm="Two", w=8)),
        }
        path = archive(tmp_path / "x.lottie", members)
        assert check_lottie(path).name == "One"
        assert [composition.info.width for composition in load(path)] == [64, 8]

    def test_an_image_of_an_archive_goes_into_the_document(self, tmp_path: Path) -> None:
        assets = [{"id": "i", "p": "pic.png", "u": "", "e": 0, "w": 1, "h": 1}]
        members = {
            "manifest.json": json.dumps({"animations": [{"id": "one"}]}),
            "a/one.json": json.dumps(document(assets=assets)),
            "i/pic.png": "PIXELS",
        }
        text = load(archive(tmp_path / "x.lottie", members))[0].document
        assert json.loads(text)["assets"][0]["p"] == "data:image/png;base64,UElYRUxT"

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ("", "not JSON"),
            ("[1]", "not an object"),
            ("[" * 100_000, "not JSON"),
            (json.dumps({"ip": 0}), "no number 'op'"),
            (json.dumps(document(layers=None)), "no 'layers'"),
            (json.dumps(document(w=0)), "its size"),
            (json.dumps(document(w=True)), "no number 'w'"),
            (json.dumps(document(op=10)), "runs from frame 10 to 10"),
            (json.dumps(document(op=1e8)), "runs from frame"),
            (json.dumps(document(fr=0)), "frame rate"),
            (json.dumps(document(ip=float("nan"))), "no number 'ip'"),
            (json.dumps(document(ip=float("inf"))), "no number 'ip'"),
        ],
    )
    def test_refuses_in_one_line_what_is_not_lottie(self, tmp_path: Path, content: str, words: str) -> None:
        path = tmp_path / "x.json"
        path.write_text(content, encoding="utf-8")
        with pytest.raises(BadInput) as error:
            check_lottie(path)
        assert words in str(error.value)
        assert "\n" not in str(error.value)

    @pytest.mark.parametrize(
        ("start", "end", "first", "last"),
        [
            (0, 78.0000031, 0, 77),
            (0, 78, 0, 77),
            (0, 77.9999969, 0, 77),
            (0, 900.000036657751, 0, 899),
            (0, 78.5, 0, 78),
            (0, 77.4, 0, 77),
            (29.9999989, 60, 30, 59),
            (-0.0000012, 60, 0, 59),
            (10.5, 20, 10, 19),
            (0, 0.5, 0, 0),
        ],
    )
    def test_the_last_frame_is_the_last_integer_clearly_below_the_end(
        self, tmp_path: Path, start: float, end: float, first: int, last: int
    ) -> None:
        path = tmp_path / "x.json"
        path.write_text(json.dumps(document(ip=start, op=end)), encoding="utf-8")
        info = check_lottie(path)
        assert (info.first, info.last) == (first, last)

    def test_a_document_without_its_version_is_read(self, tmp_path: Path) -> None:
        path = tmp_path / "x.json"
        content = document()
        del content["v"]
        path.write_text(json.dumps(content), encoding="utf-8")
        assert render(path, tmp_path / "f_[##].png", "-e", "10") == 0
        with Image.open(tmp_path / "f_10.png") as image:
            assert image.getpixel((5, 5))[3] == 127

    def test_refuses_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="cannot be read"):
            check_lottie(tmp_path / "none.json")

    @pytest.mark.parametrize(
        ("members", "words"),
        [
            ({}, "no manifest.json"),
            ({"manifest.json": "{}"}, "lists no animation"),
            ({"manifest.json": '{"animations": [{"id": "../x"}]}', "x.json": "{}"}, "there is no a/"),
        ],
    )
    def test_refuses_an_archive_without_its_animation(
        self, tmp_path: Path, members: dict[str, str], words: str
    ) -> None:
        with pytest.raises(BadInput, match=words):
            check_lottie(archive(tmp_path / "x.lottie", members))

    def test_refuses_a_zip_bomb_before_unpacking_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lottie_document, "MAX_BYTES", 100_000)
        path = archive(tmp_path / "x.lottie", {"manifest.json": " " * 1_000_000})
        assert path.stat().st_size < 100_000
        with pytest.raises(BadInput, match="unpacks to more"):
            check_lottie(path)

    def test_refuses_a_damaged_archive(self, tmp_path: Path) -> None:
        path = tmp_path / "x.lottie"
        path.write_bytes(b"PK\3\4 and so on")
        with pytest.raises(BadInput, match="damaged"):
            check_lottie(path)

    @given(
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(max_size=4),
            lambda inner: st.lists(inner, max_size=3),
        )
    )
    def test_any_value_of_a_key_is_read_or_refused(
        self, tmp_path_factory: pytest.TempPathFactory, value: object
    ) -> None:
        path = tmp_path_factory.mktemp("any") / "x.json"
        path.write_text(json.dumps(document(op=value, assets=value, nm=value)), encoding="utf-8")
        try:
            check_lottie(path)
        except BadInput:
            return
        assert isinstance(value, float)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["a", "mm", "rd", "l", "data:image/svg", "x.png", "../x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("ty", "refId", "id", "p", "u", "e", "layers", "ef", "en", "mn", "ks", "k", "x"),
                    *(
                        "sk",
                        "bm",
                        "sy",
                        "mode",
                        "f",
                        "hd",
                        "td",
                        "masksProperties",
                        "shapes",
                        "it",
                        "r",
                        "mm",
                        "w",
                        "v",
                    ),
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=30,
)


@given(st.lists(JSON, max_size=4), st.lists(JSON, max_size=3))
def test_any_layers_and_assets_are_read(
    tmp_path_factory: pytest.TempPathFactory, layers: list[object], assets: list[object]
) -> None:
    path = tmp_path_factory.mktemp("any") / "x.json"
    path.write_text(json.dumps(document(layers=layers, assets=assets)), encoding="utf-8")
    (composition,) = load(path)
    assert all(count > 0 for _, count in composition.not_drawn)


class TestPixels:
    def test_png_keeps_straight_alpha_in_the_right_order(self, comp: Path, tmp_path: Path) -> None:
        assert render(comp, tmp_path / "f_[##].png", "-s", "10", "-e", "10") == 0
        with Image.open(tmp_path / "f_10.png") as image:
            assert image.mode == "RGBA"
            red, green, blue, alpha = image.getpixel((5, 5))
            assert (red, blue, alpha) == (255, 0, 127)
            assert abs(green - 127) <= 2
            assert image.getpixel((60, 5)) == (0, 0, 0, 0)

    def test_tiff_holds_the_same_pixels_as_png(self, comp: Path, tmp_path: Path) -> None:
        for name in ("f_[##].png", "f_[##].tif"):
            assert render(comp, tmp_path / name, "-s", "10", "-e", "10") == 0
        with Image.open(tmp_path / "f_10.png") as png, Image.open(tmp_path / "f_10.tif") as tiff:
            assert png.tobytes() == tiff.tobytes()

    def test_jpeg_shows_the_frame_over_black(self, comp: Path, tmp_path: Path) -> None:
        assert render(comp, tmp_path / "f_[##].jpg", "-s", "10", "-e", "10") == 0
        with Image.open(tmp_path / "f_10.jpg") as image:
            red, green, blue = image.getpixel((5, 5))
            assert abs(red - 127) < 6
            assert abs(green - 63) < 6
            assert blue < 6

    def test_alpha_agrees_with_rlottie_s_own_buffer(self, comp: Path) -> None:
        from stmpo.renderers.lottie.painter import FramePainter  # noqa: PLC0415 - after the check that it can be had

        painter = FramePainter(load(comp)[0], comp.parent, "PNG", 1.0)
        blue, green, red, alpha = painter.pixels(10)[:4]
        assert blue == 0
        assert abs(red - alpha) <= 1
        assert abs(green - alpha / 2) <= 1

    @pytest.mark.parametrize(("paints", "opaque"), [(60, True), (0, False)])
    def test_alpha_that_rounding_lost_is_given_back(
        self, tmp_path: Path, paints: int, *, opaque: bool
    ) -> None:
        """Sixty faint sheets over an opaque ground leave alpha below 255; one of 90 % is transparent."""
        layer = document()["layers"][0]
        box, paint, place = layer["shapes"][0]["it"]
        sheet = {**box, "p": {"a": 0, "k": [32, 16]}, "s": {"a": 0, "k": [64, 32]}}
        ground = {"ty": "gr", "it": [sheet, {**paint, "o": {"a": 0, "k": 100 if opaque else 90}}, place]}
        faint = {"ty": "gr", "it": [sheet, {**paint, "o": {"a": 0, "k": 10}}, place]}
        comp = tmp_path / "sheets.json"
        comp.write_text(
            json.dumps(document(layers=[{**layer, "shapes": [faint] * paints + [ground]}])), encoding="utf-8"
        )
        assert render(comp, tmp_path / "f_[##].png", "-e", "10") == 0
        with Image.open(tmp_path / "f_10.png") as image:
            assert (image.getextrema()[3] == (255, 255)) is opaque

    def test_scale_is_a_factor_of_the_size(self, comp: Path, tmp_path: Path) -> None:
        assert render(comp, tmp_path / "f_[##].png", "-e", "10", "--scale", "0.5") == 0
        with Image.open(tmp_path / "f_10.png") as image:
            assert image.size == (32, 16)

    def test_two_documents_in_one_process_are_not_confused(self, comp: Path, tmp_path: Path) -> None:
        other = tmp_path / "other.json"
        other.write_text(json.dumps(document(layers=[])), encoding="utf-8")
        assert render(comp, tmp_path / "a_[##].png", "-e", "10") == 0
        assert render(other, tmp_path / "b_[##].png", "-e", "10") == 0
        with Image.open(tmp_path / "b_10.png") as image:
            assert image.getextrema() == ((0, 0),) * 4


def picture(image_format: str) -> bytes:
    """64 x 32 pixels of opaque blue."""
    out = io.BytesIO()
    Image.new("RGB", (64, 32), (0, 0, 255)).save(
        out, image_format, **({"lossless": True} if image_format == "WEBP" else {})
    )
    return out.getvalue()


def with_image(**asset: Any) -> dict[str, Any]:
    """A document that shows one image over everything."""
    layer = {**document()["layers"][0], "ty": 2, "refId": "image"}
    del layer["shapes"]
    return document(layers=[layer], assets=[{"id": "image", "w": 64, "h": 32, "u": "", "e": 0, **asset}])


def data_uri(image_format: str) -> str:
    content = base64.b64encode(picture(image_format)).decode()
    return f"data:image/{image_format.lower()};base64,{content}"


class TestImages:
    @pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP"])
    @pytest.mark.parametrize("flag", [{"e": 1}, {"e": 0}, {"u": "images/"}])
    def test_inline_images_are_drawn_with_and_without_their_flag(
        self, tmp_path: Path, image_format: str, flag: dict[str, object]
    ) -> None:
        path = tmp_path / "x.json"
        path.write_text(json.dumps(with_image(p=data_uri(image_format), **flag)), encoding="utf-8")
        assert blue(path, tmp_path)

    @pytest.mark.parametrize(
        ("name", "image_format"),
        [("a.png", "PNG"), ("a.jpg", "JPEG"), ("a.webp", "WEBP"), ("b.png", "WEBP"), ("a.gif", "GIF")],
    )
    def test_image_files_are_drawn_whatever_their_name_says(
        self, tmp_path: Path, name: str, image_format: str
    ) -> None:
        (tmp_path / "images").mkdir()
        (tmp_path / "images" / name).write_bytes(picture(image_format))
        path = tmp_path / "x.json"
        path.write_text(json.dumps(with_image(p=name, u="images/")), encoding="utf-8")
        assert blue(path, tmp_path)

    def test_a_webp_image_of_an_archive_is_drawn(self, tmp_path: Path) -> None:
        path = tmp_path / "x.lottie"
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("manifest.json", json.dumps({"animations": [{"id": "one"}]}))
            file.writestr("animations/one.json", json.dumps(with_image(p="a.webp")))
            file.writestr("images/a.webp", picture("WEBP"))
        assert blue(path, tmp_path)

    def test_a_file_outside_the_document_s_folder_counts_as_missing(self, tmp_path: Path) -> None:
        (tmp_path / "a.png").write_bytes(picture("PNG"))
        path = tmp_path / "below" / "x.json"
        path.parent.mkdir()
        for name in ("../a.png", str(tmp_path / "a.png")):
            path.write_text(json.dumps(with_image(p=name)), encoding="utf-8")
            assert len(load(path)[0].missing_images) == 1

    @pytest.mark.parametrize("name", ["gone.png", "https://example.org/a.png"])
    def test_a_missing_image_ends_it_unless_it_is_to_go_on(
        self, tmp_path: Path, name: str, capfdbinary: Any
    ) -> None:
        path = tmp_path / "x.json"
        path.write_text(json.dumps(with_image(p=name)), encoding="utf-8")
        assert render(path, tmp_path / "f_[##].png", "-e", "10") == 9
        assert not list(tmp_path.glob("*.png"))
        finding = last_finding(capfdbinary.readouterr().out)
        assert (finding.name, finding.kind) == ("footage-not-found", FindingKind.MISSING_FOOTAGE)
        assert render(path, tmp_path / "f_[##].png", "-e", "10", "-continueOnMissingFootage") == 0
        finding = last_finding(capfdbinary.readouterr().out)
        assert (finding.name, finding.kind) == ("missing-footage", FindingKind.MISSING_FOOTAGE)
        assert (tmp_path / "f_10.png").exists()

    def test_a_missing_image_of_an_archive_is_missing_too(self, tmp_path: Path) -> None:
        members = {
            "manifest.json": json.dumps({"animations": [{"id": "one"}]}),
            "a/one.json": json.dumps(with_image(p="gone.png")),
        }
        assert load(archive(tmp_path / "x.lottie", members))[0].missing_images == ("gone.png",)

    def test_a_missing_image_that_no_layer_shows_does_not_matter(self, tmp_path: Path) -> None:
        path = tmp_path / "x.json"
        path.write_text(json.dumps({**with_image(p="gone.png"), "layers": []}), encoding="utf-8")
        assert load(path)[0].missing_images == ()


def blue(path: Path, folder: Path) -> bool:
    assert load(path)[0].missing_images == ()
    assert render(path, folder / "f_[##].png", "-e", "10") == 0
    with Image.open(folder / "f_10.png") as image:
        red, green, blue, alpha = image.getpixel((5, 5))
    return bool(red < 10 and green < 10 and blue > 245 and alpha == 255)


def last_finding(out: bytes) -> Finding:
    reads = map(Aerender(("a",)).read, out.decode().splitlines())
    return [read.finding for read in reads if read.finding is not None][-1]


class TestNotDrawn:
    @pytest.mark.parametrize(
        ("layer", "feature"),
        [
            ({"ty": 5, "t": {}}, "text"),
            ({"ef": [{"ty": 29, "mn": "ADBE Gaussian Blur 2", "en": 1}]}, "effects"),
            ({"ks": {"o": {"a": 0, "k": 100, "x": "var $bm_rt; $bm_rt = 50;"}}}, "expressions"),
            ({"shapes": [{"ty": "gr", "it": [{"ty": "mm", "mm": 2}]}]}, "merge paths"),
            ({"bm": 3}, "blend modes"),
            ({"shapes": [{"ty": "gr", "it": [{"ty": "rd", "r": {"a": 0, "k": 5}}]}]}, "path operations"),
            ({"shapes": [{"ty": "zz", "s": {"a": 1, "k": [{"t": 0, "s": [5]}]}}]}, "path operations"),
            ({"sy": [{"ty": 1}]}, "layer styles"),
            ({"masksProperties": [{"mode": "l"}]}, "masks with feather, expansion or a special mode"),
            (
                {"masksProperties": [{"mode": "a", "f": {"a": 0, "k": [5, 5]}}]},
                "masks with feather, expansion or a special mode",
            ),
            ({"ks": {"sk": {"a": 0, "k": 10}}}, "skew"),
            ({"ty": 13}, "cameras"),
        ],
    )
    def test_each_feature_is_named_with_its_layers(
        self, tmp_path: Path, layer: dict[str, Any], feature: str
    ) -> None:
        plain = document()["layers"][0]
        path = tmp_path / "x.json"
        layers = [plain, {**plain, **layer}, {**plain, **layer}, {**plain, **layer, "hd": True}]
        path.write_text(json.dumps(document(layers=layers)), encoding="utf-8")
        assert load(path)[0].not_drawn == ((feature, 2),)

    @pytest.mark.parametrize(
        "layer",
        [
            {"ef": [{"ty": 5, "mn": "ADBE Slider Control", "en": 1}]},
            {"ef": [{"ty": 5, "mn": "Pseudo/DUIK controller", "en": 1}]},
            {"ef": [{"ty": 29, "mn": "ADBE Gaussian Blur 2", "en": 0}]},
            {"ks": {"p": {"s": True, "x": {"a": 0, "k": 1}, "y": {"a": 0, "k": 1}}}},
            {
                "bm": 0,
                "sy": [],
                "masksProperties": [{"mode": "a", "f": {"a": 0, "k": [0, 0]}, "x": {"a": 0, "k": 0}}],
            },
        ],
    )
    def test_what_draws_nothing_is_not_missed(self, tmp_path: Path, layer: dict[str, Any]) -> None:
        path = tmp_path / "x.json"
        path.write_text(json.dumps(document(layers=[{**document()["layers"][0], **layer}])), encoding="utf-8")
        assert load(path)[0].not_drawn == ()

    def test_layers_of_nested_comps_count_if_they_are_shown(self, tmp_path: Path) -> None:
        plain = document()["layers"][0]
        text = {**plain, "ty": 5}
        assets = [
            {"id": "a", "layers": [text, {**plain, "ty": 0, "refId": "a"}]},
            {"id": "b", "layers": [text]},
        ]
        path = tmp_path / "x.json"
        layers = [{**plain, "ty": 0, "refId": "a"}, {**plain, "ty": 0, "refId": "a"}]
        path.write_text(json.dumps(document(layers=layers, assets=assets)), encoding="utf-8")
        assert load(path)[0].not_drawn == (("text", 1),)

    def test_one_line_warns_of_all(self, tmp_path: Path, capfdbinary: Any) -> None:
        plain = document()["layers"][0]
        path = tmp_path / "x.json"
        layers = [{**plain, "ty": 5}, {**plain, "ty": 5}, {**plain, "bm": 3}]
        path.write_text(json.dumps(document(layers=layers)), encoding="utf-8")
        assert render(path, tmp_path / "f_[##].png") == 0
        out = capfdbinary.readouterr().out
        assert out.count(b"WARNING:") == 1
        assert b"not drawn by the embedded renderer: text (2 layers), blend modes (1 layer)" in out
        finding = last_finding(out)
        assert (finding.name, finding.kind) == ("not-drawn", FindingKind.NOT_DRAWN)

    def test_the_demo_is_drawn_whole(self) -> None:
        assert load(DEMO_COMP)[0].not_drawn == ()


class TestBehaviour:
    def test_a_document_that_rlottie_cannot_read_is_hopeless(
        self, comp: Path, tmp_path: Path, capfdbinary: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def unreadable(self: object, *_: object, **__: object) -> None:
            self.animation_p = None  # type: ignore[attr-defined]  # rlottie's answer to such a document

        monkeypatch.setattr(
            "stmpo.renderers.lottie.painter.LottieAnimation.lottie_animation_from_data", unreadable
        )
        assert render(comp, tmp_path / "f.png") == 7
        assert last_finding(capfdbinary.readouterr().out).launches == 1

    def test_a_crash_of_the_library_names_file_and_frame(self, comp: Path, tmp_path: Path) -> None:
        code = (
            "import ctypes, sys; from stmpo.renderers.lottie import painter, renderer\n"
            "painter.FramePainter.encode = lambda self, frame: ctypes.string_at(0) if frame == 12 else b'x'\n"
            "sys.exit(renderer.main())"
        )
        argv = ["-project", str(comp), "-rqindex", "1", "-output", str(tmp_path / "f_[##].png")]
        done = subprocess.run([sys.executable, "-c", code, *argv], capture_output=True, check=False)
        assert done.returncode not in {0, 1}
        finding = last_finding(done.stdout)
        assert finding.name == "library-crash"
        assert str(comp) in finding.words
        assert finding.words.endswith("in frame 12")

    def test_renders_the_comp_from_its_first_to_its_last_frame(
        self, comp: Path, tmp_path: Path, capfdbinary: Any
    ) -> None:
        assert render(comp, tmp_path / "f.png") == 0
        assert sorted(path.name for path in tmp_path.glob("*.png")) == [
            f"f_000{n}.png" for n in range(10, 20)
        ]
        lines = capfdbinary.readouterr().out.decode().splitlines()
        assert lines[0].startswith("aerender version ")
        assert "PROGRESS:  0:00:00:10 (1): 0 Seconds" in lines
        assert "PROGRESS:  0:00:00:19 (10): 0 Seconds" in lines
        assert lines[-2].endswith('Finished composition "Main".')

    def test_frames_outside_the_comp_are_blank_and_warned_of(
        self, comp: Path, tmp_path: Path, capfdbinary: Any
    ) -> None:
        assert render(comp, tmp_path / "f_[##].png", "-s", "8", "-e", "8") == 0
        assert b"WARNING:After Effects warning: timeSpanStart of -0.08" in capfdbinary.readouterr().out
        with Image.open(tmp_path / "f_08.png") as image:
            assert image.getextrema() == ((0, 0),) * 4

    def test_every_nth_frame(self, comp: Path, tmp_path: Path) -> None:
        assert render(comp, tmp_path / "f_[##].png", "-i", "4") == 0
        assert sorted(path.name for path in tmp_path.glob("*.png")) == ["f_10.png", "f_14.png", "f_18.png"]

    def test_skip_existing_leaves_files_alone_whatever_they_hold(self, comp: Path, tmp_path: Path) -> None:
        (tmp_path / "f_11.png").touch()
        setting = ("-renderSettings", "Skip Existing Files: true")
        assert render(comp, tmp_path / "f_[##].png", "-e", "12", *setting) == 0
        sizes = {path.name: path.stat().st_size > 0 for path in tmp_path.glob("*.png")}
        assert sizes == {"f_10.png": True, "f_11.png": False, "f_12.png": True}

    @pytest.mark.parametrize(
        ("argv", "words"),
        [
            (("-comp", "Other", "-output", "x.png"), "No comp was found with the given name."),
            (("-rqindex", "2", "-output", "x.png"), "No render queue item was found with the given index."),
            (("-rqindex", "0", "-output", "x.png"), "No render queue item was found with the given index."),
            (("-rqindex", "1"), "needs output file but none provided"),
            (("-output", "x.png"), "needs output file but none provided"),
            (("-rqindex", "1", "-output", "x.mov"), "cannot write"),
            (("-rqindex", "1", "-output", "no/such/x.png"), "does not exist"),
        ],
    )
    def test_errors_are_aerender_s_with_code_7(
        self, comp: Path, argv: tuple[str, ...], words: str, capfdbinary: Any
    ) -> None:
        assert main(["-project", str(comp), *argv]) == 7
        last = capfdbinary.readouterr().out.decode().splitlines()[-1]
        assert last.startswith("aerender ERROR: ")
        assert words in last

    def test_a_file_that_is_not_lottie_is_one_line_and_code_7(self, tmp_path: Path, capfdbinary: Any) -> None:
        path = tmp_path / "x.json"
        path.write_text("no", encoding="utf-8")
        assert render(path, tmp_path / "x.png") == 7
        assert b"aerender ERROR: " in capfdbinary.readouterr().out.splitlines()[-1]

    def test_frames_that_no_memory_holds_are_refused(self, tmp_path: Path, capfdbinary: Any) -> None:
        comp = tmp_path / "huge.json"
        comp.write_text(json.dumps(document(w=30_000, h=30_000)), encoding="utf-8")
        assert render(comp, tmp_path / "x.png") == 7
        assert b"are too large" in capfdbinary.readouterr().out

    def test_a_slip_in_the_arguments_is_code_3(self, capfdbinary: Any) -> None:
        assert main(["-comps", "x"]) == 3
        assert capfdbinary.readouterr().out == b"aerender SYNTAX ERROR: Illegal argument flag: -comps\n"

    def test_the_log_takes_the_lines_and_shifts_the_code(
        self, comp: Path, tmp_path: Path, capfdbinary: Any
    ) -> None:
        log = tmp_path / "log.txt"
        assert main(["-project", str(comp), "-comp", "x", "-log", str(log)]) == 8
        assert "No comp was found" in log.read_text(encoding="utf-8")
        assert len(capfdbinary.readouterr().out.splitlines()) == 2

    def test_every_file_ends_where_its_structure_ends(self, comp: Path, tmp_path: Path) -> None:
        for extension, end in ((".png", b"IEND\xaeB`\x82"), (".jpg", b"\xff\xd9")):
            assert render(comp, tmp_path / f"f_[##]{extension}", "-e", "10") == 0
            assert (tmp_path / f"f_10{extension}").read_bytes().endswith(end)

    def test_runs_as_a_module_and_stops_when_nobody_listens(self, comp: Path, tmp_path: Path) -> None:
        argv = [
            sys.executable,
            "-m",
            "stmpo.renderers.lottie.renderer",
            "-project",
            str(comp),
            "-rqindex",
            "1",
        ]
        argv += ["-output", str(tmp_path / "f_[#####].png"), "-s", "0", "-e", "50000"]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            while not process.stdout.readline().startswith(b"PROGRESS:  0:00:00:00 (1)"):
                pass
            process.stdout.close()
            assert process.wait(30) == 11
            assert process.stderr.read() == b""


def test_checking_imports_neither_rlottie_nor_pillow() -> None:
    code = "import sys, stmpo.renderers.lottie.renderer; print(sorted({'PIL', 'rlottie_python', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"
