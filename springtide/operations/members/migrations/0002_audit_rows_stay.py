from django.db import migrations

from springtide.operations.members import append_only


class Migration(migrations.Migration):
    dependencies = [("members", "0001_initial")]

    operations = [
        migrations.RunPython(
            lambda apps, schema: append_only.guard(schema),
            lambda apps, schema: append_only.unguard(schema),
        )
    ]
