"""`python -m deployments.graph` writes every file, or part of one, that follows from contracts' list of services."""

from __future__ import annotations

from deployments.graph.files import ROOT, texts


def main() -> None:
    """Write what differs, and say so."""
    for path, text in texts().items():
        place = ROOT / path
        if not place.exists() or place.read_text(encoding="utf-8") != text:
            place.write_text(text, encoding="utf-8")
            print(f"written: {path}")


if __name__ == "__main__":
    main()
