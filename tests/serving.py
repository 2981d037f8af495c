"""A real server on loopback: transformers' own, with two tiny models of random weights in a hub cache of their own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import torch

from consult.rl.starter.architecture import build_processor, train_tokenizer

TEXT, VISION = "tiny/llama", "tiny/llava"
COMMIT = "0" * 40
WORDS = [
    "I have a rash on both hands and it itches badly at night. It has been there for three weeks.",
    "Good morning, doctor. How long have you had it? I think that this is eczema.",
    '{"specialty": "dermatology", "urgency": "soon"} <think>so</think><answer>eczema</answer>',
]


def cached(home: Path) -> dict[str, Path]:
    """Build both models in a hub cache below a folder; gives their folders by name."""
    tokenizer = train_tokenizer(WORDS * 20, ("eczema", "hives", "dermatology", "soon"))
    folders = {}
    for name, build in ((TEXT, _llama), (VISION, _llava)):
        repository = home / "hub" / f"models--{name.replace('/', '--')}"
        folders[name] = repository / "snapshots" / COMMIT
        folders[name].mkdir(parents=True)
        (repository / "refs").mkdir()
        (repository / "refs" / "main").write_text(COMMIT)
        torch.manual_seed(5)
        _loud(build(len(tokenizer))).save_pretrained(folders[name])
        (build_processor(tokenizer) if name == VISION else tokenizer).save_pretrained(folders[name])
    return folders


def _text_config(vocabulary):
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=8192,
        tie_word_embeddings=False,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    )


def _llama(vocabulary):
    from transformers import LlamaForCausalLM

    return LlamaForCausalLM(_text_config(vocabulary))


def _llava(vocabulary):
    from transformers import LlavaConfig, LlavaForConditionalGeneration, SiglipVisionConfig

    vision = SiglipVisionConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=96,
        patch_size=16,
        vision_use_head=False,
    )
    config = LlavaConfig(
        vision_config=vision,
        text_config=_text_config(vocabulary),
        image_token_id=3,
        image_token_index=3,
        image_seq_length=36,
        vision_feature_select_strategy="full",
        vision_feature_layer=-1,
        tie_word_embeddings=False,
    )
    model = LlavaForConditionalGeneration(config)
    model.generation_config.eos_token_id, model.generation_config.pad_token_id = 2, 0
    return model


def _loud(model):
    """Spread the weights so far that each reply is its own rubbish and ends; no other special token is drawn."""
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if weights.dim() == 2 and "embed" not in name and "lm_head" not in name:
                weights.mul_(20)
        head = model.get_output_embeddings().weight
        head[[0, 1, 3]] = 0.0
        head[2] *= 1.5
    return model


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


class Serving:
    """`transformers serve` as a process of its own; may be killed and started again on the same port."""

    def __init__(self, home: Path) -> None:
        self.home, self.port = home, free_port()
        self.base = f"http://127.0.0.1:{self.port}/v1"
        self.start()

    def start(self) -> None:
        program = "from transformers.cli.transformers import main; main()"
        environment = {
            **os.environ,
            "HF_HOME": str(self.home),
            "HF_HUB_OFFLINE": "1",
            "OMP_NUM_THREADS": "1",
            "HF_HUB_CACHE": str(self.home / "hub"),
        }
        call = [
            sys.executable,
            "-c",
            program,
            "serve",
            "--port",
            str(self.port),
            "--host",
            "127.0.0.1",
            "--device",
            "cpu",
        ]
        log = (self.home / "server.log").open("ab")
        self.process = subprocess.Popen(call, env=environment, stdout=log, stderr=log)
        for _ in range(600):
            try:
                with urllib.request.urlopen(f"{self.base}/models", timeout=5):
                    return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        raise RuntimeError((self.home / "server.log").read_text()[-2000:])

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
