"""A Stable Diffusion inpainting pipeline of the real classes, small enough to be made, trained and saved by a test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from inpaint_app.backends import registry
from inpaint_app.backends.base import Window
from inpaint_app.backends.diffusion import load
from inpaint_app.backends.diffusion.options import StableDiffusionOptions

SIDE = 64
SPEC = registry.find("stable-diffusion-raw")


def make(
    folder: Path, channels: int = 9, train: int = 0, side: int = SIDE, widths: tuple[int, int] = (32, 64)
) -> Path:
    """Save a pipeline under `folder` and return its place. channels 4 makes one that is not for inpainting.

    side: of the pictures that it takes, widths: of the denoising network; larger ones take their time.
    """
    import torch
    import transformers

    diffusers = load.library()
    vocabulary = _vocabulary(folder / "words")
    tokenizer = transformers.CLIPTokenizer.from_pretrained(folder / "words", model_max_length=77)
    torch.manual_seed(0)
    unet = diffusers.UNet2DConditionModel(
        sample_size=side // 8,
        in_channels=channels,
        out_channels=4,
        block_out_channels=widths,
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=32,
        attention_head_dim=8,
        norm_num_groups=8,
    )
    vae = diffusers.AutoencoderKL(
        block_out_channels=(16, 16, 16, 16),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=4,
        norm_num_groups=8,
        sample_size=side,
    )
    end = vocabulary["<|endoftext|>"]
    text = transformers.CLIPTextModel(
        transformers.CLIPTextConfig(
            vocab_size=len(vocabulary),
            hidden_size=32,
            intermediate_size=37,
            num_attention_heads=4,
            num_hidden_layers=2,
            max_position_embeddings=77,
            bos_token_id=vocabulary["<|startoftext|>"],
            eos_token_id=end,
            pad_token_id=end,
        )
    )
    if train:
        _train(vae, train)
    scheduler = diffusers.PNDMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", skip_prk_steps=True, steps_offset=1
    )
    pipeline = diffusers.StableDiffusionInpaintPipeline(
        vae=vae,
        text_encoder=text,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(folder / "model", safe_serialization=True)
    return folder / "model"


def _vocabulary(folder: Path) -> dict[str, int]:
    """Single characters, at the end of a word and within one: enough for any English prompt."""
    letters = [chr(code) for code in range(33, 127)]
    tokens = [*letters, *(letter + "</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    folder.mkdir(parents=True)
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return vocabulary


def _train(vae: Any, steps: int) -> None:
    """Teach the autoencoder what a smooth picture is, so that known pixels come back roughly as they were."""
    import torch

    random = np.random.default_rng(0)
    optimiser = torch.optim.Adam(vae.parameters(), 3e-3)
    for _ in range(steps):
        corners = torch.from_numpy(random.uniform(-0.8, 0.8, (2, 3, 2, 2)).astype(np.float32))
        batch = torch.nn.functional.interpolate(corners, SIDE, mode="bilinear", align_corners=True)
        latent = vae.encode(batch).latent_dist.mode()
        loss = (vae.decode(latent).sample - batch).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def make_large(folder: Path) -> Path:
    """The same for Stable Diffusion XL: two text encoders, and a network that is told sizes."""
    import torch
    import transformers

    diffusers = load.library()
    vocabulary = _vocabulary(folder / "words")
    tokenizer = transformers.CLIPTokenizer.from_pretrained(folder / "words", model_max_length=77)
    torch.manual_seed(0)
    end = vocabulary["<|endoftext|>"]
    text = transformers.CLIPTextConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        intermediate_size=37,
        num_attention_heads=4,
        num_hidden_layers=2,
        max_position_embeddings=77,
        projection_dim=32,
        bos_token_id=vocabulary["<|startoftext|>"],
        eos_token_id=end,
        pad_token_id=end,
    )
    pipeline = diffusers.StableDiffusionXLInpaintPipeline(
        vae=diffusers.AutoencoderKL(
            block_out_channels=(16, 16, 16, 16),
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            latent_channels=4,
            norm_num_groups=8,
            sample_size=SIDE,
        ),
        text_encoder=transformers.CLIPTextModel(text),
        text_encoder_2=transformers.CLIPTextModelWithProjection(text),
        tokenizer=tokenizer,
        tokenizer_2=tokenizer,
        unet=diffusers.UNet2DConditionModel(
            sample_size=SIDE // 8,
            in_channels=9,
            out_channels=4,
            block_out_channels=(32, 64),
            layers_per_block=1,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            attention_head_dim=(2, 4),
            use_linear_projection=True,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            transformer_layers_per_block=(1, 1),
            projection_class_embeddings_input_dim=32 + 6 * 8,
            cross_attention_dim=64,
            norm_num_groups=8,
        ),
        scheduler=diffusers.EulerDiscreteScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1
        ),
        add_watermarker=False,
    )
    pipeline.save_pretrained(folder / "model", safe_serialization=True)
    return folder / "model"


def options(**values: Any) -> StableDiffusionOptions:
    """Few steps in full precision, and what is given."""
    made = SPEC.make_options({"steps": 2, "precision": "fp32", **values})
    assert isinstance(made, StableDiffusionOptions)
    return made


def window(shape: tuple[int, int] = (64, 64), guide: bool = True) -> Window:
    """A slope of colours with a hole in it."""
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]]
    image = np.stack([60 + rows, 80 + columns, np.full(shape, 150)], axis=2).clip(0, 255).astype(np.uint8)
    mask = np.zeros(shape, dtype=bool)
    mask[shape[0] // 4 : shape[0] // 2 + 1, shape[1] // 4 : shape[1] // 2 + 1] = True
    start = image.copy() if guide else None
    image[mask] = 127
    for array in (image, mask, start):
        if array is not None:
            array.flags.writeable = False
    return Window(image, mask, None, start)
