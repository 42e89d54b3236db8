# docker build -t inpaint . && docker run --rm -p 7860:7860 -v inpaint-models:/models inpaint
# tests/container runs these steps without an engine; docs/container.md explains them.

FROM python:3.12-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
RUN python -m venv /opt/inpaint
COPY requirements.txt ./
RUN /opt/inpaint/bin/pip install -r requirements.txt
COPY pyproject.toml setup.py README.md LICENSE ./
COPY checkpoints checkpoints
COPY inpaint_app inpaint_app
RUN ALL_WEIGHTS=1 /opt/inpaint/bin/pip install --no-deps .

FROM python:3.12-slim-bookworm
COPY packages.txt /tmp/packages.txt
RUN apt-get update \
    && xargs -a /tmp/packages.txt apt-get install -y --no-install-recommends \
    && rm -rf /var/lib/apt/lists/* /tmp/packages.txt
RUN useradd --uid 1000 --create-home inpaint \
    && install -d -o inpaint -g inpaint /models
COPY --from=build /opt/inpaint /opt/inpaint
ENV PATH=/opt/inpaint/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    INPAINT_SURROUNDINGS=container \
    INPAINT_CACHE=/models \
    HF_HOME=/models/huggingface \
    NUMBA_CACHE_DIR=/models/numba \
    MPLCONFIGDIR=/tmp/matplotlib
USER inpaint
WORKDIR /home/inpaint
VOLUME /models
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=90s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as web; web.urlopen(f\"http://127.0.0.1:{os.environ.get('INPAINT_PORT') or 7860}/health\", timeout=4)"]
CMD ["inpaint-app", "app"]
