/**
 * Sends a request exactly as written, which `fetch` would not: it normalises paths like `/a/../b`.
 * @returns the status and the whole answer, headers first
 */
export async function rawRequest(port: number, target: string): Promise<{ status: number; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = "";
  const decoder = new TextDecoder();
  await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      open: (socket) =>
        void socket.write(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`),
      data: (_, bytes) => void (text += decoder.decode(bytes, { stream: true })),
      close: () => resolve(text),
      error: (_, error) => reject(error),
    },
  });
  await promise;
  return { status: Number(text.split(" ")[1]), text };
}
