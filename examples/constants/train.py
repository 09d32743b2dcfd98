"""Logistic regression on two overlapping clouds of points, in plain Python."""

import json
import math
import random

epochs = 20
batch_size = 32
learning_rate = 0.5
seed = 0
points = 2000

random.seed(seed)
data = []
for number in range(points):
    label = number % 2
    centre = 1.0 if label else -1.0
    data.append(((random.gauss(centre, 1.0), random.gauss(centre, 1.5)), label))
random.shuffle(data)
held_out = len(data) // 5
test, train = data[:held_out], data[held_out:]

weights = [0.0, 0.0]
bias = 0.0


def probability(point):
    score = bias + sum(weight * value for weight, value in zip(weights, point))
    return 1.0 / (1.0 + math.exp(-score))


for epoch in range(1, epochs + 1):
    random.shuffle(train)
    for start in range(0, len(train), batch_size):
        batch = train[start : start + batch_size]
        errors = [(probability(point) - label, point) for point, label in batch]
        step = learning_rate / len(batch)
        bias -= step * sum(error for error, _ in errors)
        for axis in range(len(weights)):
            weights[axis] -= step * sum(error * point[axis] for error, point in errors)
    hits = sum((probability(point) > 0.5) == bool(label) for point, label in test)
    accuracy = hits / len(test)
    print(f"epoch {epoch}/{epochs} val_acc {accuracy:.4f}", flush=True)

with open("model.json", "w", encoding="utf-8") as file:
    json.dump({"weights": weights, "bias": bias}, file)
with open("metrics.json", "w", encoding="utf-8") as file:
    json.dump({"val_acc": accuracy, "epochs": epochs, "batch_size": batch_size}, file)
print("wrote model.json, metrics.json")
