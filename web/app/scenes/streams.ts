/** Moving pictures without a camera: people at a window, at a desk, in a garden; a screen. */

const RATE = 8;

type Kind = "window" | "desk" | "garden";

export function painted(kind: Kind | "screen"): MediaStream {
  const canvas = document.createElement("canvas");
  canvas.width = 1280;
  canvas.height = kind === "desk" ? 960 : 720;
  const context = canvas.getContext("2d");
  if (context !== null) {
    const paint = () => (kind === "screen" ? screen(context) : someone(context, kind));
    paint();
    setInterval(paint, 1000 / RATE);
  }
  return canvas.captureStream(RATE);
}

/** Behind the person from one corner to the other; then clothes, skin and hair. */
const LOOKS: Readonly<
  Record<
    Kind,
    Readonly<{
      ground: readonly (readonly [number, string])[];
      clothes: string;
      skin: string;
      hair: string;
    }>
  >
> = {
  window: {
    ground: [
      [0, "#f3d9b8"],
      [0.55, "#e2a77c"],
      [1, "#7d5a55"],
    ],
    clothes: "#2f4a45",
    skin: "#c98e6b",
    hair: "#3b2a26",
  },
  desk: {
    ground: [
      [0, "#b9cdbf"],
      [1, "#4d665b"],
    ],
    clothes: "#a0552f",
    skin: "#8a5a3c",
    hair: "#1f1a19",
  },
  garden: {
    ground: [
      [0, "#dfe9f2"],
      [0.5, "#a9c7a0"],
      [1, "#41603f"],
    ],
    clothes: "#5b4a78",
    skin: "#e3b491",
    hair: "#b5854a",
  },
};

function someone(c: CanvasRenderingContext2D, kind: Kind): void {
  const { ground, clothes, skin, hair } = LOOKS[kind];
  const { width: w, height: h } = c.canvas;
  const sky = c.createLinearGradient(0, 0, w, h);
  for (const [at, colour] of ground) {
    sky.addColorStop(at, colour);
  }
  c.fillStyle = sky;
  c.fillRect(0, 0, w, h);
  c.fillStyle = "#ffffff38";
  c.beginPath();
  c.arc(w * 0.77, h * 0.26, h * 0.16, 0, 7);
  c.fill();
  const x = w * 0.46;
  c.fillStyle = clothes;
  c.beginPath();
  c.ellipse(x, h * 1.08, w * 0.27, h * 0.42, 0, 0, 7);
  c.fill();
  c.fillStyle = skin;
  c.fillRect(x - w * 0.045, h * 0.55, w * 0.09, h * 0.16);
  c.beginPath();
  c.ellipse(x, h * 0.43, w * 0.105, h * 0.24, 0, 0, 7);
  c.fill();
  c.fillStyle = hair;
  c.beginPath();
  c.ellipse(x, h * 0.3, w * 0.125, h * 0.16, 0, Math.PI, 0);
  c.fill();
  c.fillStyle = "#2a1c18";
  for (const side of [-1, 1]) {
    c.beginPath();
    c.arc(x + side * w * 0.04, h * 0.42, h * 0.014, 0, 7);
    c.fill();
  }
  c.lineWidth = h * 0.012;
  c.lineCap = "round";
  c.strokeStyle = "#5b3426";
  c.beginPath();
  c.arc(x, h * 0.5, w * 0.035, 0.25, Math.PI - 0.25);
  c.stroke();
}

function screen(c: CanvasRenderingContext2D): void {
  const { width: w, height: h } = c.canvas;
  c.fillStyle = "#f4f6f1";
  c.fillRect(0, 0, w, h);
  c.fillStyle = "#dfe6dc";
  c.fillRect(0, 0, w, 56);
  c.fillStyle = "#17564a";
  c.fillRect(80, 120, 520, 36);
  c.fillStyle = "#b8c4bb";
  for (let i = 0; i < 9; i++) c.fillRect(80, 200 + i * 44, i % 3 === 2 ? 420 : 720, 18);
  c.fillStyle = "#f5a065";
  c.fillRect(880, 200, 300, 300);
}
