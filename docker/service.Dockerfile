# One service: docker build --build-arg SERVICE=candles --file docker/service.Dockerfile .
# SERVICE: one of `make graph`'s list (docker/images.sh says which); or simulator, the market for tests.
# Any builder can build it: no BuildKit-only instruction, no image but Debian's Python.

FROM python:3.11-slim-bookworm AS uv
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1 UV_PYTHON=/usr/local/bin/python3.11 UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir --quiet --root-user-action=ignore uv==0.13.8
WORKDIR /app

# Only what this service is made of goes on to the next stages, so that a change elsewhere leaves its image alone.
FROM uv AS sources
ARG SERVICE
COPY . /all
RUN cd /all && mkdir -p /manifests /code/services && cp -r packages /code/ \
    && cp --parents pyproject.toml uv.lock docker/images.sh packages/*/pyproject.toml services/*/pyproject.toml /manifests/ \
    && if [ -d "services/$SERVICE" ]; then cp -r "services/$SERVICE" /code/services/; fi

FROM uv AS build
ARG SERVICE
COPY --from=sources /manifests ./
RUN uv sync --frozen --no-dev --no-install-workspace $(sh docker/images.sh "$SERVICE")
COPY --from=sources /code ./
# What packages bring and no process reads: their own tests, and the C that was compiled (TA-Lib's alone is 20 MB).
RUN uv sync --frozen --no-dev --no-editable $(sh docker/images.sh "$SERVICE") \
    && find .venv/lib \( -name "*.c" -o -name "*.cpp" -o -name "*.pyx" \) -delete \
    && find .venv/lib -type d \( -name tests -o -name test \) -prune -exec rm -r {} +

FROM python:3.11-slim-bookworm
ARG SERVICE
RUN useradd --uid 10001 --no-create-home --home-dir /tmp tradestream && mkdir /data && chown 10001:10001 /data
COPY --from=build /app/.venv /app/.venv
COPY docker/start.sh docker/healthcheck.sh /app/
ENV SERVICE=$SERVICE PATH=/app/.venv/bin:$PATH HOME=/tmp \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    TRADESTREAM_DATA_DIR=/data TRADESTREAM_LOG_FORMAT=json TRADESTREAM_METRICS_PORT=9100 TRADESTREAM_METRICS_HOST=0.0.0.0
LABEL org.opencontainers.image.title="tradestream $SERVICE"
WORKDIR /app
USER 10001:10001
# The root may be read-only: whatever is written is here or in /tmp.
VOLUME /data
EXPOSE 9100
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=3 CMD ["sh", "/app/healthcheck.sh"]
ENTRYPOINT ["sh", "/app/start.sh"]
