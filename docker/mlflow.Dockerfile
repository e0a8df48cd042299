# The MLflow server with the drivers of PostgreSQL and S3, which the public image lacks:
# docker build --file docker/mlflow.Dockerfile .

FROM python:3.11-slim-bookworm AS build
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir --quiet --root-user-action=ignore uv==0.13.8
COPY docker/mlflow.requirements.txt /tmp/
RUN uv venv --python /usr/local/bin/python3.11 /app/.venv \
    && uv pip install --python /app/.venv --requirement /tmp/mlflow.requirements.txt

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --no-create-home --home-dir /tmp mlflow && mkdir /data && chown 10001:10001 /data
COPY --from=build /app/.venv /app/.venv
# All settings are variables: MLFLOW_BACKEND_STORE_URI, MLFLOW_ARTIFACTS_DESTINATION, MLFLOW_SERVER_ALLOWED_HOSTS.
ENV PATH=/app/.venv/bin:$PATH HOME=/tmp PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    MLFLOW_BACKEND_STORE_URI=sqlite:////data/mlflow.db MLFLOW_ARTIFACTS_DESTINATION=/data/artifacts
WORKDIR /data
USER 10001:10001
VOLUME /data
EXPOSE 5000
HEALTHCHECK --interval=10s --timeout=10s --start-period=180s --retries=6 \
    CMD ["python", "-ISc", "import http.client as h, sys; c = h.HTTPConnection('127.0.0.1', 5000, timeout=3); c.request('GET', '/health'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["mlflow", "server", "--host", "0.0.0.0", "--port", "5000"]
