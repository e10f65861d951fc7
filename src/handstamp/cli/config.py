"""``handstamp config``."""

from dataclasses import asdict

import typer

from handstamp.cli.output import AsJson, print_json, print_table

app = typer.Typer(help="Look at the settings.", no_args_is_help=True)


@app.callback()
def config() -> None:
    """Look at the settings."""


@app.command()
def show(*, as_json: AsJson = False) -> None:
    """Show each setting: its value, where that comes from, and what it does. Secrets are not shown.

    Ends with an error where the settings are not fit for a start.
    """
    from handstamp.cli.knobs import knobs  # noqa: PLC0415  pydantic-settings takes 100 ms
    from handstamp.settings import load_settings  # noqa: PLC0415  the same

    found = knobs()
    if as_json:
        print_json([asdict(knob) for knob in found])
    else:
        print_table(
            ["setting", "value", "from", "what it does"],
            [[knob.name, knob.value, knob.source, knob.description] for knob in found],
            wraps=frozenset({"what it does"}),
        )
    load_settings()
