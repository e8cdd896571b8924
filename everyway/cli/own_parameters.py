"""A command whose help also tells the parameters of the model that it is asked about."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

WORDS = "everyway.words"


class ModelCommand(TyperCommand):
    """``everyway check 2pc --help`` lists the options that 2pc brings along, below those of every model."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Keep the words as they were typed: the help is printed before the model is known."""
        ctx.meta[WORDS] = list(args)
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the usual help, and what the model adds to it."""
        super().format_help(ctx, formatter)
        from everyway.models.language import EverywayError

        from .app import console, options_of
        from .description import print_parameters
        from .target import find_target, may_be_target

        for word in ctx.meta.get(WORDS, []):
            if may_be_target(word):
                try:
                    print_parameters(console(), find_target(word), options_of(self), f"of {word}")
                except EverywayError:
                    continue  # `everyway check` will explain it
                return


def without_option(words: list[str], option: str) -> list[str]:
    """Return a command's words without an option and its value."""
    kept: list[str] = []
    skips = False
    for word in words:
        if skips:
            skips = False
        elif word == option:
            skips = True
        elif not word.startswith(f"{option}="):
            kept.append(word)
    return kept
