#!/bin/sh
# Asks the service whether it is ready, as it answers Kubernetes too; /health says why not.
case "$SERVICE" in
  simulator) port="${SIMULATOR_PORT:-8000}" path=/sim/status ;;
  *) port="$TRADESTREAM_METRICS_PORT" path=/health/ready ;;
esac
exec python -ISc '
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=3)
connection.request("GET", sys.argv[2])
answer = connection.getresponse()
print(answer.read().decode())
sys.exit(answer.status != 200)
' "$port" "$path"
