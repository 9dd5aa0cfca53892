from django.db import migrations
from django.db.models import Q

from tocsin.server.register.words import NUMBERS, words_of_numbers

BATCH = 500


def keep_whole_numbers(apps, editor):
    """Sources whose numbers are written with blanks are found by the whole numbers too."""
    Source, Word = apps.get_model("register", "Source"), apps.get_model("register", "Word")
    parted = Q()
    for name in NUMBERS:
        parted |= Q(**{f"{name}__contains": " "})
    kept = []
    for row in Source.objects.filter(parted).order_by().iterator(chunk_size=BATCH):
        words = words_of_numbers(getattr(row, name) for name in NUMBERS)
        words -= set(Word.objects.filter(source_id=row.pk).values_list("word", flat=True))
        kept += [Word(word=word, source_id=row.pk) for word in words]
        if len(kept) > 10 * BATCH:
            Word.objects.bulk_create(kept, batch_size=BATCH)
            kept = []
    Word.objects.bulk_create(kept, batch_size=BATCH)


class Migration(migrations.Migration):
    dependencies = [("register", "0006_looked_at")]

    operations = [migrations.RunPython(keep_whole_numbers, migrations.RunPython.noop)]
