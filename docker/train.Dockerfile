# Training: docker build --build-arg MODEL=KIND --file docker/train.Dockerfile .
# MODEL: a kind of packages/modeling/kinds.txt; one that needs PyTorch makes the image some gigabytes larger, but for
# --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cpu, PyTorch for the CPU alone (docker/torch.sh).

FROM python:3.11-slim-bookworm AS uv
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1 UV_PYTHON=/usr/local/bin/python3.11 UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir --quiet --root-user-action=ignore uv==0.13.8
WORKDIR /app

FROM uv AS sources
COPY . /all
RUN cd /all && mkdir -p /manifests /code/services && cp -r packages /code/ && cp -r services/training /code/services/ \
    && cp --parents pyproject.toml uv.lock docker/images.sh docker/torch.sh packages/modeling/kinds.txt packages/*/pyproject.toml services/*/pyproject.toml /manifests/

FROM uv AS build
ARG MODEL
ARG TORCH_INDEX=
# By way of a variable: a wrong MODEL ends the build here.
COPY --from=sources /manifests ./
RUN packages=$(sh docker/images.sh "train-$MODEL") && sh docker/torch.sh "$TORCH_INDEX" --no-install-workspace $packages
COPY --from=sources /code ./
RUN packages=$(sh docker/images.sh "train-$MODEL") && sh docker/torch.sh "$TORCH_INDEX" --no-editable $packages \
    && find .venv/lib -type d -name tests -prune -exec rm -r {} +

FROM python:3.11-slim-bookworm
ARG MODEL
RUN useradd --uid 10001 --no-create-home --home-dir /tmp tradestream && mkdir /data && chown 10001:10001 /data
COPY --from=build /app/.venv /app/.venv
# LightGBM's wheel expects OpenMP of the system; scikit-learn's brings it under another name.
RUN ln -s /app/.venv/lib/python3.11/site-packages/scikit_learn.libs/libgomp-*.so.* /usr/lib/libgomp.so.1
ENV PATH=/app/.venv/bin:$PATH HOME=/tmp PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    TRADESTREAM_DATA_DIR=/data TRADESTREAM_LOG_FORMAT=json PREDICTIONS_MODEL=$MODEL
LABEL org.opencontainers.image.title="tradestream train, $MODEL"
WORKDIR /app
USER 10001:10001
VOLUME /data
# A job: its exit code says how it went.
HEALTHCHECK NONE
ENTRYPOINT ["python", "-m", "training"]
