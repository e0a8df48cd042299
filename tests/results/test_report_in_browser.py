"""The page in a real browser: it unpacks its library, and its charts show the same span of time."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from typing import Any

import pytest
from tests.results.test_report import finish
from tests.support import made_up_run

from results.report.page import write_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
#: Does what a person does, and writes down which span each chart shows then.
PROBE = """<script>
(async () => {
  const pause = () => new Promise(done => setTimeout(done, 500));
  while (!document.documentElement.dataset.drawn) await pause();
  for (const id of Object.keys(FIGURES)) await draw(id);
  const found = {};
  const note = async name => {
    await pause();
    found[name] = {
      spans: [...drawn].filter(overTime).map(id => place(id)._fullLayout.xaxis.range.join(" to ")),
      reset: !document.getElementById("reset").disabled,
    };
  };
  await note("whole");
  document.querySelector('#ranges button[data-span="3600000"]').click();
  await note("hour");
  await Plotly.relayout(place("candles-0"),
    {"xaxis.range[0]": "2026-03-04 01:00", "xaxis.range[1]": "2026-03-04 01:30"});
  await note("dragged");
  document.getElementById("reset").click();
  await note("again");
  const place_ = document.createElement("pre");
  place_.id = "probe";
  place_.textContent = JSON.stringify(found);
  document.body.append(place_);
})();
</script></body>"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    if CHROMIUM is None:
        pytest.skip("needs Chromium")
    folder = tmp_path_factory.mktemp("report")
    made_up_run.write_run(folder / "log", minutes=120)
    finish(folder / "log", folder / "out", live_from_ms=made_up_run.START_MS)
    page = folder / "page.html"
    page.write_text(write_report(folder / "out").read_text(encoding="utf-8").replace("</body>", PROBE))
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=60000", "--dump-dom"]
    profile = f"--user-data-dir={folder / 'profile'}"
    done = subprocess.run(
        [CHROMIUM, *options, profile, page.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    told = re.search(r'<pre id="probe">(.*?)</pre>', done.stdout, re.DOTALL)
    assert told is not None, done.stderr[-2_000:]
    return dict(json.loads(html.unescape(told[1])))


def test_every_chart_is_drawn_by_the_packed_library(found: dict[str, Any]) -> None:
    assert len(found["whole"]["spans"]) == 5
    assert not found["whole"]["reset"]


@pytest.mark.parametrize(
    ("step", "span"),
    [("hour", "2026-03-04 01:00 to 2026-03-04 02:00"), ("dragged", "2026-03-04 01:00 to 2026-03-04 01:30")],
)
def test_all_charts_over_time_show_the_span_that_one_of_them_was_given(
    found: dict[str, Any], step: str, span: str
) -> None:
    assert found[step] == {"spans": [span] * 5, "reset": True}


def test_a_reset_shows_everything_again(found: dict[str, Any]) -> None:
    assert found["again"] == found["whole"]
