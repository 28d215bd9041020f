FROM python:3.12-slim

# Where torch and torchvision come from: PyTorch's builds without CUDA. Empty for pip's own index, with CUDA.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

RUN useradd --create-home --uid 1000 user
WORKDIR /home/user/app

# a layer for torch and one for the rest, so that a change of the code builds neither
COPY requirements.txt .
RUN grep -E "^torch(vision)?>" requirements.txt > torch.txt \
    && pip install --no-cache-dir ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} -r torch.txt \
    && pip install --no-cache-dir -r requirements.txt \
    && rm torch.txt

COPY . .
USER user
ENV GRADIO_SERVER_NAME=0.0.0.0 GRADIO_SERVER_PORT=7860 PYTHONUNBUFFERED=1
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['GRADIO_SERVER_PORT'], timeout=4)"]
CMD ["python", "app.py"]
