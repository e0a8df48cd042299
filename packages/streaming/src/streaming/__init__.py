"""QuixStreams over Kafka or an embedded SQLite log: application factory, settings, health, metrics, dead letters."""

import warnings
from contextlib import suppress

# QuixStreams imports the client of schema registries, which nobody here uses; its Authlib warns every user of every
# process about a library of its own. The filter must follow Authlib's and precede the import of QuixStreams.
with suppress(ImportError):
    from authlib.deprecate import AuthlibDeprecationWarning

    warnings.simplefilter("ignore", AuthlibDeprecationWarning)
