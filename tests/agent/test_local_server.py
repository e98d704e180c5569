"""A real server of another make, with a real if senseless model: `transformers serve` in a process of its own, over HTTP.

The model is two layers of random weights and a tokenizer trained on one sentence, so every answer is nonsense: what is
tested is the plumbing, and that nonsense reaches no reader. No server and no weights are fetched.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripted import BIG, QUIMBY, balls
from servers import free_port
from wire import of, says

from agent.events import Failed, Notice, Struck
from agent.llm import endpoint
from agent.session import Session
from agent.settings import Settings
from agent.workspace import Workspace

pytestmark = pytest.mark.long
PATIENCE_S = 240.0
"""Seconds for the server to import torch and load, on a machine that is busy."""
CONTEXT = 65_536
"""Tokens: the prompt, the card and the functions, byte by byte."""


def _model(folder: Path) -> None:
    """Write a tiny Llama of random weights and its tokenizer."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    letters = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=320, special_tokens=["<s>", "</s>"], initial_alphabet=letters)
    words.train_from_iterator(["measure the nodule in the right lung"], trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, bos_token="<s>", eos_token="</s>", pad_token="</s>")
    tokenizer.chat_template = (
        "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
        "{% if tools %}{{ tools | length }} functions\n{% endif %}assistant:"
    )
    tokenizer.save_pretrained(folder)
    torch.manual_seed(1)
    shape = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=2, max_position_embeddings=CONTEXT, bos_token_id=0, eos_token_id=1, pad_token_id=1,
    )  # fmt: skip
    model = LlamaForCausalLM(shape)
    model.generation_config.max_new_tokens = 48
    model.save_pretrained(folder)


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if process.poll() is not None:
            pytest.fail("the server ended by itself")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail("the server did not answer in time")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, subprocess.Popen[bytes]]]:
    pytest.importorskip("fastapi", reason="the server needs fastapi")
    pytest.importorskip("uvicorn", reason="the server needs uvicorn")
    folder = tmp_path_factory.mktemp("model")
    _model(folder)
    port = free_port()
    program = "from transformers.cli.transformers import main; main()"
    quiet = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "OMP_NUM_THREADS": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    process = subprocess.Popen(
        [sys.executable, "-c", program, "serve", str(folder), "--device", "cpu", "--host", "127.0.0.1", "--port", str(port)],
        env={**os.environ, **quiet}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait(process, f"http://127.0.0.1:{port}/health")
        yield f"http://127.0.0.1:{port}/v1", str(folder), process
    finally:
        process.terminate()
        process.wait(timeout=30)


def _session(workspace: Workspace, url: str, model: str) -> Session:
    settings = Settings(home=workspace.settings.home, base_url=url, model=model, timeout_s=120.0)
    session = Session.open(balls(source=QUIMBY), workspace=workspace, endpoint=endpoint(settings))
    session.call("segment", point=list(BIG))
    session.call("measure", lesion=1)
    return session


def test_it_is_there_and_streams_real_tokens(server: tuple[str, str, subprocess.Popen[bytes]], tmp_path: Path) -> None:
    url, model, _ = server
    chat = endpoint(Settings(home=tmp_path, base_url=url, model=model, timeout_s=120.0))
    pieces = [chunk.text for chunk in chat.stream("measure the nodule")]
    assert len([p for p in pieces if p]) > 1


def test_nonsense_reaches_no_reader_and_changes_nothing(
    server: tuple[str, str, subprocess.Popen[bytes]], workspace: Workspace
) -> None:
    url, model, _ = server
    session = _session(workspace, url, model)
    before = [e.hash for e in session.evidence.all()]
    for asked in ("Measure lesion 1", "病灶1多大?"):
        events = list(session.ask(asked))
        told = of(events, Notice) + of(events, Struck) + of(events, Failed)
        assert told or says(events)
        for clause in says(events):
            assert not re.search(r"\d+(?:\.\d+)?\s*(?:mm|HU|毫米)", clause) or "[E" in clause
    assert [e.hash for e in session.evidence.all()][: len(before)] == before
    assert [t["role"] for t in session.history()].count("user") == 2


def test_after_it_is_gone_the_planner_answers_and_says_so(
    server: tuple[str, str, subprocess.Popen[bytes]], workspace: Workspace
) -> None:
    url, model, process = server
    session = _session(workspace, url, model)
    process.terminate()
    process.wait(timeout=30)
    events = list(session.ask("Measure lesion 1"))
    assert any("the embedded planner answers this turn" in n.text for n in of(events, Notice))
    assert any("16.8 mm" in clause for clause in says(events))
