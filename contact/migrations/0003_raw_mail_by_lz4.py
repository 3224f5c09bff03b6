from django.db import migrations


def compress_by_lz4(apps, schema_editor):
    """Have the bytes of mails packed by lz4 where the server knows it: as small, in half the time."""
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT 'lz4' = ANY(enumvals) FROM pg_settings WHERE name = 'default_toast_compression'")
        if cursor.fetchone() == (True,):
            cursor.execute("ALTER TABLE contact_rawmail ALTER content SET COMPRESSION lz4")


class Migration(migrations.Migration):
    dependencies = [("contact", "0002_initial")]

    operations = [migrations.RunPython(compress_by_lz4, migrations.RunPython.noop)]
