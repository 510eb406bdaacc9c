"""Make src/visavis/testing/data/clip.webm: two faces, vis-à-vis, and what they say.

    apt-get install espeak-ng        (only to make the clip, never to run Visavis)
    .venv/bin/python tools/make_clip.py [OUTPUT]

The picture is Rubin's: two profiles, or the vase between them. Each mouth moves with its own
voice; the band below is the machine-readable frame counter of `visavis.testing.clip`.
"""

from __future__ import annotations

import pathlib
import subprocess
import sys
import tempfile
from fractions import Fraction

import av
import numpy as np
from numpy.typing import NDArray

from visavis.testing.clip import CLIP_FRAMES, CLIP_RATE, CLIP_SECONDS, clip_path, draw_counter

WIDTH, HEIGHT = 480, 360
RATE = 48_000
LINES = [  # second, voice (0 left, 1 right), words
    (0.15, 0, "Can you see me?"),
    (1.75, 1, "I see you, and I hear you."),
    (4.00, 0, "And who else does?"),
    (5.75, 1, "Nobody. Face to face,"),
    (7.85, 0, "and nobody else."),
]
VOICES = ["en-us+m3", "en-gb+f2"]

# A profile looking right, from the top of the head to the shoulder: (y, x) in shares of the
# picture, x measured from the left edge.
PROFILE = [
    (0.02, 0.10), (0.06, 0.20), (0.12, 0.265), (0.20, 0.295), (0.275, 0.305), (0.315, 0.296),
    (0.345, 0.300), (0.40, 0.332), (0.445, 0.362), (0.468, 0.358), (0.482, 0.322), (0.505, 0.318),
    (0.525, 0.334), (0.545, 0.330), (0.556, 0.316), (0.570, 0.328), (0.592, 0.330), (0.612, 0.304),
    (0.650, 0.318), (0.685, 0.300), (0.705, 0.235), (0.735, 0.195), (0.79, 0.185),
]  # fmt: skip
UPPER_LIP, LOWER = 0.545, 0.556


def speak(folder: pathlib.Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return 10 s of sound, and for each voice and picture how wide its mouth is open."""
    voices = np.zeros((2, RATE * CLIP_SECONDS))
    for index, (start, voice, words) in enumerate(LINES):
        path = folder / f"{index}.wav"
        subprocess.run(
            ["espeak-ng", "-v", VOICES[voice], "-s", "165", "-w", str(path), words], check=True
        )
        with av.open(str(path)) as container:
            resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
            chunks = [
                piece.to_ndarray()[0]
                for frame in container.decode(audio=0)
                for piece in resampler.resample(frame)
            ]
        samples = np.concatenate(chunks).astype(float) / 32768
        at = int(start * RATE)
        samples = samples[: RATE * CLIP_SECONDS - at]
        voices[voice, at : at + len(samples)] += samples
    per_frame = RATE // CLIP_RATE
    loudness = np.sqrt((voices.reshape(2, CLIP_FRAMES, per_frame) ** 2).mean(axis=2))
    mouths = np.clip(loudness / loudness.max() * 1.6, 0, 1)
    sound = voices.sum(axis=0)
    return sound / np.abs(sound).max() * 0.8, mouths


def edge(rows: NDArray[np.float64], mouth: float) -> NDArray[np.float64]:
    """Return where the left face ends in each row, in shares of the width."""
    ys, xs = [], []
    for y, x in PROFILE:
        drop = mouth * 0.022 if y >= LOWER else 0.0
        fade = max(0.0, 1 - max(0.0, y - 0.66) / 0.05)
        ys.append(y + drop * fade)
        xs.append(x - (0.012 * mouth if UPPER_LIP < y < 0.6 else 0))
    dense = np.interp(rows, ys, xs)
    kernel = np.hanning(9)
    return np.convolve(np.pad(dense, 4, mode="edge"), kernel / kernel.sum(), mode="valid")


def picture(number: int, mouths: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Draw one picture."""
    t = number / CLIP_FRAMES
    rows = np.linspace(0, 1, HEIGHT)
    columns = np.linspace(0, 1, WIDTH)
    y, x = rows[:, None], columns[None, :]
    # An evening sky that turns once around in a loop, with a slow light wandering through it.
    phase = 2 * np.pi * t
    low = np.array([246, 162, 96]) + 22 * np.array([np.cos(phase), np.sin(phase), np.sin(phase)])
    high = np.array([64, 72, 138]) + 18 * np.array([np.sin(phase), np.cos(phase), np.sin(phase)])
    sky = high + (low - high) * (y**1.2)[:, :, None]
    sun_x, sun_y = 0.5 + 0.07 * np.sin(phase), 0.40 + 0.10 * np.cos(phase)
    distance = np.hypot((x - sun_x) * WIDTH / HEIGHT, y - sun_y)
    sky = sky + np.exp(-((distance / 0.20) ** 2))[:, :, None] * np.array([92, 82, 42])
    sky = np.where((distance < 0.095)[:, :, None], np.array([255, 240, 205]), sky)
    # Two faces, soft at their edges, breathing a little.
    breath = 0.004 * np.sin(2 * phase)
    left = edge(rows, mouths[0, number]) + breath
    right = 1 - edge(rows, mouths[1, number]) + breath
    cover_left = np.clip((left[:, None] - x) * WIDTH + 0.5, 0, 1)
    cover_right = np.clip((x - right[:, None]) * WIDTH + 0.5, 0, 1)
    rim_left = np.exp(-(((left[:, None] - x) / 0.018) ** 2)) * 52
    rim_right = np.exp(-(((x - right[:, None]) / 0.018) ** 2)) * 52
    blue, plum = np.array([24, 30, 58]), np.array([56, 22, 52])
    for cover, rim, color in ((cover_left, rim_left, blue), (cover_right, rim_right, plum)):
        face = color + rim[:, :, None] * np.array([1.0, 0.62, 0.42])
        sky = sky * (1 - cover[:, :, None]) + face * cover[:, :, None]
    sky[int(0.745 * HEIGHT) :] *= 0.35
    canvas: NDArray[np.uint8] = np.clip(sky, 0, 255).astype(np.uint8)
    draw_counter(canvas, number)
    return canvas


def main() -> None:
    """Write the clip."""
    output = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else clip_path()
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        sound, mouths = speak(pathlib.Path(folder))
    pcm = (sound * 32767).astype(np.int16)
    with av.open(str(output), "w", format="webm") as container:
        video = container.add_stream("libvpx", rate=CLIP_RATE)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.bit_rate = 420_000
        video.options = {"deadline": "best", "auto-alt-ref": "1", "lag-in-frames": "16"}
        audio = container.add_stream("libopus", rate=RATE, layout="mono")
        audio.bit_rate = 48_000
        for number in range(CLIP_FRAMES):
            frame = av.VideoFrame.from_ndarray(picture(number, mouths), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, CLIP_RATE)
            container.mux(video.encode(frame))
            per_frame = RATE // CLIP_RATE
            block = av.AudioFrame.from_ndarray(
                pcm[None, number * per_frame : (number + 1) * per_frame], "s16", "mono"
            )
            block.sample_rate, block.pts = RATE, number * per_frame
            block.time_base = Fraction(1, RATE)
            container.mux(audio.encode(block))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    print(f"{output.name}: {output.stat().st_size} bytes, {CLIP_FRAMES} pictures")


if __name__ == "__main__":
    main()
