"""What Schemathesis has to be told besides the document."""

import schemathesis

# Lines of JSON are a text to whoever sends them.
schemathesis.serializer.alias("application/x-ndjson", "text/plain")
