"""The questionnaires in a reader's language: our own words alone. What others hold the rights in,
or have published as validated, stays in English and says so (clinical.md 1.14).
"""

from __future__ import annotations

from dataclasses import replace

from services.rules.instruments.definition import Instrument, Item
from services.rules.languages.texts import FormTexts
from services.rules.languages.wording import Wording


def form_in(wording: Wording, form: Instrument) -> Instrument:
    """The form in these words; codes, values and rules stay as they are."""
    texts = wording.texts.form_texts.get(form.code)
    if texts is not None:
        beside = wording.beside
        return replace(
            form,
            title=beside(texts.title, form.title),
            recall=beside(texts.recall, form.recall),
            prompt=beside(texts.prompt, form.prompt),
            items=tuple(_item(wording, texts, item) for item in form.items),
        )
    if wording.languages == ("en",):
        return form
    return replace(form, title=f"{form.title} ({wording.texts.card.english_only})")


def _item(wording: Wording, texts: FormTexts, item: Item) -> Item:
    labels = texts.options[item.option_list or ""]
    options = tuple(
        # What is a bare figure is one in every language.
        option
        if option.label == label
        else replace(option, label=wording.beside(label, option.label))
        for option, label in zip(item.options, labels, strict=True)
    )
    text = wording.beside(texts.items[item.link_id], item.text)
    # Without the name of a list its options are its own.
    return replace(item, text=text, option_list=None, options=options)
