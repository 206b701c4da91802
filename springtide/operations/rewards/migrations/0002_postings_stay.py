from django.db import migrations

from springtide.operations.members import append_only


class Migration(migrations.Migration):
    dependencies = [("rewards", "0001_initial")]

    operations = [
        migrations.RunPython(
            lambda apps, schema, table=table: append_only.guard(schema, table),
            lambda apps, schema, table=table: append_only.unguard(schema, table),
        )
        for table in ("rewards_entry", "rewards_posting")
    ]
