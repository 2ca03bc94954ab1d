package dev.andante.decode;

import dev.andante.engine.DraftSource;
import io.grpc.Channel;
import java.util.List;

final class GrpcDraftSource implements DraftSource {
  GrpcDraftSource(Channel channel) {}

  @Override
  public void append(String sequence, int offset, int[] tokens, int maxTokens) {}

  @Override
  public void end(String sequence) {}

  @Override
  public List<Draft> propose(long maxWaitNanos) {
    return List.of();
  }

  @Override
  public void close() {}
}
