/** Outlines on a grid of 24 by 24, drawn with a round pen. */
const PATHS = {
  chat: "M4 6.5A2.5 2.5 0 0 1 6.5 4h11A2.5 2.5 0 0 1 20 6.5v7a2.5 2.5 0 0 1-2.5 2.5H11l-4.5 4v-4A2.5 2.5 0 0 1 4 13.5z",
  models: "M12 3.5 20 8l-8 4.5L4 8zM4.5 12.2 12 16.5l7.5-4.3M4.5 16.2 12 20.5l7.5-4.3",
  system: "M3.5 12.5h4l2.5-7 4 13 2.5-6h4",
  plus: "M12 5v14M5 12h14",
  edit: "M4.5 19.5l.8-4L16 4.8a1.8 1.8 0 0 1 2.5 0l.7.7a1.8 1.8 0 0 1 0 2.5L8.5 18.7zM14 7l3 3",
  search: "M11 4.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM16 16l4 4",
  menu: "M4.5 7h15M4.5 12h15M4.5 17h15",
  sidebar:
    "M5.5 4.5h13a1.5 1.5 0 0 1 1.5 1.5v12a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 18V6a1.5 1.5 0 0 1 1.5-1.5zM9.5 4.5v15",
  send: "M12 19V5.5M6 11l6-6 6 6",
  stop: "M8 8h8v8H8z",
  copy: "M9 9h9.5v10.5H9zM6 15.5H4.5V5H14v1.5",
  check: "M5 12.5l4.5 4.5L19 7.5",
  close: "M6 6l12 12M18 6 6 18",
  retry: "M19.5 12a7.5 7.5 0 1 1-2.2-5.3L19.5 9M19.5 4.5V9H15",
  forward: "M5 12h13M13 6.5l5.5 5.5-5.5 5.5",
  branch:
    "M7 5v14M7 13.5c0-3 10-2 10-6M7 3.5a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6zM17 4a1.8 1.8 0 1 1 0 3.6A1.8 1.8 0 0 1 17 4zM7 17a1.8 1.8 0 1 1 0 3.6A1.8 1.8 0 0 1 7 17z",
  trash: "M4.5 7h15M9.5 7V4.5h5V7M6.5 7l1 12.5h9l1-12.5M10.5 10.5v5.5M13.5 10.5v5.5",
  pin: "M9 4h6l-.8 6 2.8 3.5H7L9.8 10zM12 13.5V20",
  more: "M6 12h.01M12 12h.01M18 12h.01",
  left: "M14.5 6l-6 6 6 6",
  right: "M9.5 6l6 6-6 6",
  down: "M6 9.5l6 6 6-6",
  attach:
    "M18.5 11.5l-6.7 6.7a4 4 0 0 1-5.7-5.7l7.2-7.2a2.7 2.7 0 0 1 3.8 3.8l-7 7a1.3 1.3 0 0 1-1.9-1.9l6.3-6.3",
  file: "M7 3.5h7l4 4v13H7zM13.5 3.5V8H18M10 12.5h5M10 16h5",
  settings:
    "M4.5 7.5h8M17 7.5h2.5M4.5 16.5H7M11.5 16.5h8M14.7 5.2a2.3 2.3 0 1 1 0 4.6 2.3 2.3 0 0 1 0-4.6zM9.3 14.2a2.3 2.3 0 1 1 0 4.6 2.3 2.3 0 0 1 0-4.6z",
  code: "M8.5 7.5L4 12l4.5 4.5M15.5 7.5L20 12l-4.5 4.5M13.5 5l-3 14",
  sun: "M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M5.6 18.4l1.1-1.1M17.3 6.7l1.1-1.1",
  moon: "M19.5 14.2A8 8 0 0 1 9.8 4.5a8 8 0 1 0 9.7 9.7z",
  auto: "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16zM12 4v16M12 8h6.5M12 12h8M12 16h6.5",
  key: "M8 11.5a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM11 13l8-8M16 8l2.5 2.5M13.5 10.5l1.5 1.5",
  keyboard: "M3.5 7h17v10h-17zM7 10.5h.01M10.5 10.5h.01M14 10.5h.01M17.5 10.5h.01M8 14h8",
  download: "M12 4v10.5M7 10l5 5 5-5M5 19.5h14",
  upload: "M12 15.5V5M7 9.5l5-5 5 5M5 19.5h14",
  book: "M5 4.5h5.5A1.5 1.5 0 0 1 12 6v13.5a2 2 0 0 0-2-1.5H5zM19 4.5h-5.5A1.5 1.5 0 0 0 12 6v13.5a2 2 0 0 1 2-1.5h5z",
  bulb: "M9 17.5h6M10 20.5h4M8.8 14.5a5.5 5.5 0 1 1 6.4 0c-.5.4-.7.8-.7 1.5h-5c0-.7-.2-1.1-.7-1.5z",
  warning: "M12 4.5l8.5 15h-17zM12 10v4.5M12 17h.01",
  pause: "M9 6v12M15 6v12",
  play: "M8 5.5v13l10-6.5z",
  chip: "M7.5 7.5h9v9h-9zM10 4.5v3M14 4.5v3M10 16.5v3M14 16.5v3M4.5 10h3M4.5 14h3M16.5 10h3M16.5 14h3",
  picture: "M4.5 5.5h15v13h-15zM4.5 15.5l4.5-4.5 4 4 2.5-2.5 4 4M14.5 9h.01",
} as const;

export type IconName = keyof typeof PATHS;

/** A picture beside words, or in a button that has a name of its own: it says nothing by itself. */
export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
