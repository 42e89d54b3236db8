"""MobileSAM's own classes with random weights, saved as the public file is: a dictionary of tensors by its names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from inpaint_app.segmenters import sam_test, yolo
from inpaint_app.settings import Settings


def network(seed: int = 0) -> Any:
    """Random weights; what the encoder sees tells colours apart all the same."""
    (build,) = yolo.imported(Settings(), "ultralytics.models.sam.build")
    torch.manual_seed(seed)
    return build.build_mobile_sam().requires_grad_(False)


def taught(made: Any) -> Any:
    """The network whose every answer is the reddish: a line between the self-test's disc and its ground is laid.

    What a gesture says changes its answer little, for what it would change is left out.
    """
    for name, weight in made.named_parameters():
        if name.endswith(("attn.proj.weight", "mlp.fc2.weight", "image_to_token.out_proj.weight")):
            weight.zero_()  # what is left sees each place by itself
    image, disc = sam_test.picture()
    picture = cv2.resize(image, (1024, 768), interpolation=cv2.INTER_LINEAR)
    truth = cv2.resize(disc.astype(np.float32), (64, 48), interpolation=cv2.INTER_AREA).ravel()
    tensor = torch.from_numpy(picture).permute(2, 0, 1)[None].float()
    tensor = torch.nn.functional.pad((tensor - made.pixel_mean) / made.pixel_std, (0, 0, 0, 256))
    up, kept = made.mask_decoder.output_upscaling, []
    hook = up.register_forward_pre_hook(lambda module, given: kept.append(given[0]))
    points = torch.tensor([[[680.0, 300.0]]]), torch.ones((1, 1))
    sparse, dense = made.prompt_encoder(points=points, boxes=None, masks=None)
    embedding, places = made.image_encoder(tensor), made.prompt_encoder.get_dense_pe()
    made.mask_decoder(embedding, places, sparse, dense, multimask_output=True)
    hook.remove()
    seen = kept[0][0, :, :48].reshape(256, -1).T.double().numpy()
    seen = np.concatenate([seen, np.ones((len(seen), 1))], axis=1)
    weight = np.where(truth > 0.5, 0.5 / truth.mean(), 0.5)[:, None] ** 0.5
    fitted, *_ = np.linalg.lstsq(seen * weight, (2 * truth - 1)[:, None] * weight, rcond=1e-6)
    line = torch.from_numpy(fitted[:, 0]).float()
    for layer in (up[0], up[3]):
        layer.weight.zero_()
        layer.bias.zero_()
    for channel, sign in ((0, 1.0), (1, -1.0)):
        up[0].weight[:, channel] = sign * line[:-1, None, None]
        up[0].bias[channel] = sign * line[-1]
        up[3].weight[channel, channel] = 1.0
        for head in made.mask_decoder.output_hypernetworks_mlps:
            head.layers[-1].weight.zero_()
            head.layers[-1].bias.zero_() if channel == 0 else None
            head.layers[-1].bias[channel] = sign
    return made


def save(made: Any, path: Path) -> None:
    torch.save(made.state_dict(), path)
