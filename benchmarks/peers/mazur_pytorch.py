"""PyTorch eager."""

import torch

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
x, t, b1, b2 = torch.tensor([0.05, 0.10]), torch.tensor([0.01, 0.99]), 0.35, 0.60
V = torch.tensor([[0.15, 0.20], [0.25, 0.30]], requires_grad=True)
W = torch.tensor([[0.40, 0.45], [0.50, 0.55]], requires_grad=True)


def loss() -> torch.Tensor:
    """Half the sum of the squared errors."""
    o = torch.sigmoid(W @ torch.sigmoid(V @ x + b1) + b2)
    return (o - t).square().sum() / 2


for _ in range(10_000):
    for parameter, gradient in zip((V, W), torch.autograd.grad(loss(), (V, W)), strict=True):
        parameter.data.sub_(gradient, alpha=0.5)
print(loss().item())
