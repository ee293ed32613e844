"""The schema as text: templates rendered, tables compared, migrations run."""
