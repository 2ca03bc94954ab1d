package dev.andante.gateway;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A client that does to its connection what a well-behaved one never would. */
final class RawClient implements AutoCloseable {

  private static final Pattern LENGTH = Pattern.compile("(?i)content-length: *(\\d+)");

  private final Socket socket;

  RawClient(int port) throws IOException {
    this(port, 0);
  }

  /**
   * @param receiveBuffer bytes that the other side can send before this one reads; 0 = as usual
   */
  RawClient(int port, int receiveBuffer) throws IOException {
    socket = new Socket();
    if (receiveBuffer > 0) {
      socket.setReceiveBufferSize(receiveBuffer);
    }
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(30_000);
  }

  /** The head of a POST, less the empty line when {@code headers} do not end in one. */
  RawClient post(String path, String headers) throws IOException {
    return send("POST " + path + " HTTP/1.1\r\nHost: x\r\n" + headers);
  }

  RawClient send(String text) throws IOException {
    return send(text.getBytes(StandardCharsets.UTF_8));
  }

  RawClient send(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
    socket.getOutputStream().flush();
    return this;
  }

  /** Reads until {@code text} has come. */
  RawClient await(String text) throws IOException {
    StringBuilder seen = new StringBuilder();
    while (seen.indexOf(text) < 0) {
      int b = socket.getInputStream().read();
      if (b < 0) {
        throw new AssertionError("the connection was closed after: " + seen);
      }
      seen.append((char) b);
    }
    return this;
  }

  /** The head and the body of one response that says its length. */
  String response() throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int b = socket.getInputStream().read();
      if (b < 0) {
        throw new AssertionError("the connection was closed after: " + head);
      }
      head.append((char) b);
    }
    Matcher length = LENGTH.matcher(head);
    if (!length.find()) {
      throw new AssertionError("no length: " + head);
    }
    byte[] body = socket.getInputStream().readNBytes(Integer.parseInt(length.group(1)));
    return head + new String(body, StandardCharsets.UTF_8);
  }

  /** All that comes until the other side closes. */
  String rest() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    socket.getInputStream().transferTo(out);
    return out.toString(StandardCharsets.UTF_8);
  }

  /** Leaves with a reset instead of a farewell. */
  void reset() throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
