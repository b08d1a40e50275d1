"""An answer as plain text: the whole calculation, to be copied."""

from __future__ import annotations

from engine.ask import Answer, Line, Products, Step
from engine.explain.arithmetic_format import factor, number, result


def answer_text(answer: Answer) -> str:
    """Everything the Ask pane shows, and every product where the pane shows only the largest."""
    parts = [f"{answer.title} = {result(answer.value)}", answer.meaning, *_facts(answer)]
    head = "\n".join(part for part in parts if part)
    return "\n\n".join([head, *(_step(step) for step in answer.steps)]) + "\n"


def shape_text(shape: tuple[int, ...]) -> str:
    """ "24 × 56 × 56"."""
    return " × ".join(map(str, shape))


def field_text(answer: Answer) -> str:
    """The receptive field: its size, and its place on the input; "" where it is not known."""
    box = answer.field
    if box is None:
        return ""
    size = f"{box.bottom - box.top} × {box.right - box.left}"
    rows, columns = _span(box.top, box.bottom), _span(box.left, box.right)
    return f"Receptive field {size} pixels: rows {rows}, columns {columns}"


def line_text(line: Line) -> str:
    """ "1.460 × 0.82 − 0.31 = 0.887"."""
    return f"{line.formula} = {result(line.value)}" if line.formula else f"= {result(line.value)}"


def channel_noun(operation: str) -> str:
    """What the first axis of a step's products counts."""
    return "feature" if operation.startswith("dense") else "channel"


def _facts(answer: Answer) -> list[str]:
    shape = f"Shape {shape_text(answer.shape)}" if answer.shape else ""
    return [shape, field_text(answer)]


def _span(first: int, end: int) -> str:
    return f"{first} to {end - 1}".replace("-", "−")


def _step(step: Step) -> str:
    head = ": ".join(part for part in (step.layer, step.operation) if part)
    lines = [head]
    if step.products is not None:
        lines += _products(step.products, channel_noun(step.operation))
    width = max((len(line.label) for line in step.lines), default=0)
    lines += [f"  {line.label:<{width}}  {line_text(line)}" for line in step.lines]
    return "\n".join(lines)


def _products(products: Products, noun: str) -> list[str]:
    """One line for each product: where it is, input × weight = product."""
    count, height, width = products.products.shape
    lines = []
    for c in range(count):
        for i in range(height):
            for j in range(width):
                place = f"{noun} {products.channels[c]}"
                if height * width > 1:
                    place += f", row {i}, column {j}"
                lines.append(f"  {place}: {product_text(products, c, i, j)}")
    return lines


def product_text(products: Products, c: int, i: int, j: int) -> str:
    """ "0.4123 × (−0.3012) = −0.1242", and whether it lies in the padding."""
    patch, kernel = float(products.patch[c, i, j]), float(products.kernel[c, i, j])
    text = f"{factor(patch)} × {factor(kernel)} = {number(float(products.products[c, i, j]))}"
    return text if products.inside[c, i, j] else f"{text} (padding)"
