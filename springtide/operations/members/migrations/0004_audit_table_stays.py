from django.db import migrations

from springtide.operations.members import append_only


class Migration(migrations.Migration):
    """TRUNCATE walks past the triggers of rows: the table has one of its own."""

    dependencies = [("members", "0003_rights_tokens_approvals")]

    operations = [migrations.RunPython(lambda apps, schema: append_only.guard(schema), migrations.RunPython.noop)]
