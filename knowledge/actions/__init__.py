"""Every write about what the office knows that the business has a name for."""

from knowledge.actions.articles import approve_article, change_article, make_article, retire_article, review_article
from knowledge.actions.topics import learn_topic
from knowledge.actions.wording import (
    change_macro,
    change_template,
    change_term,
    enter_macro,
    enter_template,
    enter_term,
    remove_term,
)

__all__ = [
    "approve_article",
    "change_article",
    "change_macro",
    "change_template",
    "change_term",
    "enter_macro",
    "enter_template",
    "enter_term",
    "learn_topic",
    "make_article",
    "remove_term",
    "retire_article",
    "review_article",
]
