"""Makes lmeval.golden.json: lm-evaluation-harness itself on the embedded model and on the rows of test/golden/tasks/.

    python test/golden/make-lmeval.py > test/golden/lmeval.golden.json
    (packages: bench/peer/requirements.txt and test/golden/requirements-lmeval.txt, both with --no-deps)

lm-eval's own task files (templates, process_results) and its transformers model score every row; only the place of the
data is changed, from the Hub to this folder. The articles of wiki.txt are cut as the Hub's EleutherAI/wikitext_document_level
cuts WikiText. Kept: for each item the log-likelihood of each choice (of lambada whether it is greedy, of wikitext the words
and bytes), and all aggregated figures. Also writes hellaswag.parquet and arc-easy.parquet, the same rows by pyarrow.
"""

import json
import logging
import os
import tempfile
from importlib.metadata import version
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_CACHE"] = tempfile.mkdtemp()

import pyarrow.json
import pyarrow.parquet
import torch
from lm_eval import evaluator, tasks
from lm_eval.api.task import ConfigurableTask
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks._yaml_loader import load_yaml

HERE = Path(__file__).parent
ROWS = HERE / "tasks"
# our id: lm-eval's task, and the split it scores
TASKS = {
    "lambada": ("lambada_openai", "test"),
    "hellaswag": ("hellaswag", "validation"),
    "piqa": ("piqa", "validation"),
    "winogrande": ("winogrande", "validation"),
    "arc-easy": ("arc_easy", "test"),
    "arc-challenge": ("arc_challenge", "test"),
    "boolq": ("boolq", "validation"),
}


def articles(text):
    """As the Hub's script cuts wiki.test.raw."""
    ret, pages = [], []
    for line in text.split("\n"):
        rline = line.replace("= = =", "===").replace("= =", "==").strip()
        if rline.startswith("= ") and rline.strip().endswith(" ="):
            page = "\n".join(ret)
            if page.strip():
                pages.append(page)
            ret = []
        ret.append(line)
    return [*pages, "\n".join(ret)]


def local_task(manager, name, split, path):
    """The task as lm-eval has it, its data read from one local file."""
    config = load_yaml(manager.task_index[name].yaml_path)
    for key in ("tag", "dataset_name", "training_split", "validation_split", "test_split"):
        config.pop(key, None)
    config |= {"dataset_path": "json", "dataset_kwargs": {"data_files": {split: str(path)}}, f"{split}_split": split}
    return ConfigurableTask(config=config)


def run(lm, task):
    out = evaluator.simple_evaluate(model=lm, tasks=[task], log_samples=True, bootstrap_iters=0, verbosity="ERROR")
    (name,) = out["results"]
    samples = sorted(out["samples"][name], key=lambda sample: sample["doc_id"])
    figures = {k.removesuffix(",none"): v for k, v in out["results"][name].items() if k.endswith(",none") and "stderr" not in k}
    return samples, figures


def main():
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    manager = tasks.TaskManager()
    lm = HFLM(pretrained=str(HERE.parents[1] / "models/reference"), dtype="float32", device="cpu", batch_size=1)
    golden = {
        "madeBy": "test/golden/make-lmeval.py",
        "versions": {package: version(package) for package in ("lm_eval", "torch", "transformers", "pyarrow")},
    }
    for ours, (name, split) in TASKS.items():
        samples, figures = run(lm, local_task(manager, name, split, ROWS / f"{ours}.jsonl"))
        if ours == "lambada":
            items = [list(sample["filtered_resps"][0]) for sample in samples]
        else:
            items = [[log_likelihood for log_likelihood, _ in sample["filtered_resps"]] for sample in samples]
        golden[ours] = {"items": items, "figures": figures}
    with tempfile.TemporaryDirectory() as folder:
        pages = Path(folder) / "pages.jsonl"
        docs = articles((ROWS / "wiki.txt").read_text("utf-8"))
        pages.write_text("".join(json.dumps({"page": page}) + "\n" for page in docs), "utf-8")
        samples, figures = run(lm, local_task(manager, "wikitext", "test", pages))
        items = [list(sample["word_perplexity"]) + [sample["byte_perplexity"][1]] for sample in samples]
        golden["wordperplexity"] = {"items": items, "figures": figures}
    print(json.dumps(golden))
    for name in ("hellaswag", "arc-easy"):
        pyarrow.parquet.write_table(pyarrow.json.read_json(ROWS / f"{name}.jsonl"), ROWS / f"{name}.parquet")


main()
