"""Train a small neural network on scikit-learn's handwritten digits."""

import argparse
import json

import joblib
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--epochs", type=int, default=15, help="passes over the training images")
parser.add_argument("--batch-size", type=int, default=64)
parser.add_argument("--hidden", type=int, default=48, help="neurons in the hidden layer")
parser.add_argument("--learning-rate", type=float, default=0.005)
parser.add_argument("--alpha", type=float, default=0.0001, help="weight of the L2 penalty")
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()

images, labels = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(
    images / 16.0, labels, test_size=0.25, random_state=args.seed, stratify=labels
)
model = MLPClassifier(
    hidden_layer_sizes=(args.hidden,),
    batch_size=args.batch_size,
    learning_rate_init=args.learning_rate,
    alpha=args.alpha,
    random_state=args.seed,
)

history = []
for epoch in range(1, args.epochs + 1):
    model.partial_fit(x_train, y_train, classes=np.arange(10))
    loss = log_loss(y_test, model.predict_proba(x_test))
    accuracy = model.score(x_test, y_test)
    history.append({"epoch": epoch, "loss": loss, "val_acc": accuracy})
    print(f"epoch {epoch}/{args.epochs} loss {loss:.4f} val_acc {accuracy:.4f}", flush=True)

joblib.dump(model, "model.joblib")
with open("metrics.json", "w", encoding="utf-8") as file:
    json.dump({"val_acc": accuracy, "loss": loss, "history": history}, file, indent=2)
print("wrote model.joblib, metrics.json")
