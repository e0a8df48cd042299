# Backtests, searches and the other judges of strategies: docker build --file docker/study.Dockerfile .
# The tradestream command with all members, and Optuna; without PyTorch, so walk-forward retrains no nets there.

FROM python:3.11-slim-bookworm AS uv
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1 UV_PYTHON=/usr/local/bin/python3.11 UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir --quiet --root-user-action=ignore uv==0.13.8
WORKDIR /app

FROM uv AS sources
COPY . /all
RUN cd /all && mkdir -p /manifests /code && cp -r packages services /code/ \
    && cp --parents pyproject.toml uv.lock docker/images.sh packages/*/pyproject.toml services/*/pyproject.toml /manifests/

FROM uv AS build
COPY --from=sources /manifests ./
RUN uv sync --frozen --no-dev --no-install-workspace $(sh docker/images.sh study)
COPY --from=sources /code ./
RUN uv sync --frozen --no-dev --no-editable $(sh docker/images.sh study) \
    && find .venv/lib -type d -name tests -prune -exec rm -r {} +

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --no-create-home --home-dir /tmp tradestream && mkdir /data && chown 10001:10001 /data
COPY --from=build /app/.venv /app/.venv
# LightGBM's wheel expects OpenMP of the system; scikit-learn's brings it under another name.
RUN ln -s /app/.venv/lib/python3.11/site-packages/scikit_learn.libs/libgomp-*.so.* /usr/lib/libgomp.so.1
# What numba compiles is kept beside the results: the next study need not wait for it.
ENV PATH=/app/.venv/bin:$PATH HOME=/tmp PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    TRADESTREAM_DATA_DIR=/data NUMBA_CACHE_DIR=/data/numba
LABEL org.opencontainers.image.title="tradestream study"
WORKDIR /data
USER 10001:10001
VOLUME /data
# A job: its exit code says how it went.
HEALTHCHECK NONE
ENTRYPOINT ["tradestream"]
