"""Learning what letters of a topic sound like, from what people said they are.  (E-II.4b)"""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import F, Sum

from directory.models import Topic
from knowledge.models import Lesson, TopicCount, TopicWord
from knowledge.topics import beginnings, weight_of


@transaction.atomic
def learn_topic(ticket_id: int, text: str, topic: Topic, *, at: datetime) -> Lesson:
    """Count the ticket's letter for `topic`; if it was counted for another, take it back there: the correction counts.

    A no-op if it is counted so already. Safe to repeat and to run many at once: the counts of a desk are changed by
    one transaction at a time. The choice itself is the ticket's, and is recorded there.
    """
    _lock(topic)
    lesson = Lesson.objects.filter(ticket_id=ticket_id).select_related("topic").first()
    if lesson is None:
        lesson = Lesson(ticket_id=ticket_id)
    elif lesson.topic_id == topic.pk:
        return lesson
    else:
        _count(lesson.topic, lesson.beginnings, -1)
    lesson.topic, lesson.beginnings, lesson.learned_at = topic, sorted(beginnings(text)), at
    lesson.save()
    _count(topic, lesson.beginnings, 1)
    return lesson


def _lock(topic: Topic) -> None:
    """Lock the counts of all topics of the desk, in one order; those that are not there yet are made."""
    all_topics = Topic.objects.filter(desk_id=topic.desk_id)
    TopicCount.objects.bulk_create([TopicCount(topic=one) for one in all_topics.order_by("pk")], ignore_conflicts=True)
    list(TopicCount.objects.select_for_update().filter(topic__in=all_topics).order_by("pk"))


def _count(topic: Topic, found: Collection[str], sign: int) -> None:
    """Add a letter's words to a topic, or take them away with `sign` -1."""
    known = TopicWord.objects.filter(topic=topic, beginning__in=found)
    new = set(found) - set(known.values_list("beginning", flat=True))
    weight = sign * weight_of(len(found))
    known.update(letters=F("letters") + sign, weight=F("weight") + weight)
    TopicWord.objects.bulk_create(
        TopicWord(topic=topic, beginning=one, letters=1, weight=weight) for one in sorted(new) if sign > 0
    )
    TopicWord.objects.filter(topic=topic, letters=0).delete()
    square = TopicWord.objects.filter(topic=topic).aggregate(all=Sum(F("weight") * F("weight")))["all"] or 0
    TopicCount.objects.filter(topic=topic).update(letters=F("letters") + sign, square=square)
