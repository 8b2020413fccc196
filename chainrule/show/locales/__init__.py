"""Phrase books, one module per language, found by themselves.

A locale holds the engine's own words and knows how its language counts terms and joins particles.
Rules and catalogue entries bring their own words; a phrase template is filled the same way
wherever it comes from.
"""

from chainrule.show.locales.base import Locale, Phrase, languages, load_locale

__all__ = ["Locale", "Phrase", "languages", "load_locale"]
