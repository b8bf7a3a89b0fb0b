"""`symposium probe`: whether an address answers, for the health checks of containers."""

import sys
import urllib.error
import urllib.request

SECONDS = 5


def main() -> None:
    """Ask the address given; exit code 0 for an answer below 400, else 1 with what was wrong."""
    try:
        urllib.request.urlopen(sys.argv[1], timeout=SECONDS).close()
    except (urllib.error.URLError, OSError, ValueError, IndexError) as error:
        sys.exit(f"Not healthy: {error}")


if __name__ == "__main__":
    main()
