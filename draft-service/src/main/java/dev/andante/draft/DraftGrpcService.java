package dev.andante.draft;

import dev.andante.protocol.v1.DraftGrpc;
import dev.andante.protocol.v1.DraftReply;
import dev.andante.protocol.v1.DraftRequest;
import dev.andante.protocol.v1.Proposal;
import dev.andante.protocol.v1.SequenceUpdate;
import dev.andante.service.grpc.Failures;
import dev.andante.service.grpc.RequestIds;
import dev.andante.service.state.LongStreams;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers each message of a decode worker with one of its own, in order. */
final class DraftGrpcService extends DraftGrpc.DraftImplBase {

  private static final Logger LOG = LoggerFactory.getLogger(DraftGrpcService.class);

  private final DraftProperties properties;
  private final DraftMetrics metrics;
  private final LongStreams streams;

  DraftGrpcService(DraftProperties properties, DraftMetrics metrics, LongStreams streams) {
    this.properties = properties;
    this.metrics = metrics;
    this.streams = streams;
  }

  @Override
  public StreamObserver<DraftRequest> propose(StreamObserver<DraftReply> replies) {
    ServerCallStreamObserver<DraftReply> out = (ServerCallStreamObserver<DraftReply>) replies;
    out.disableAutoRequest();
    out.request(
        1); // one message is read only after the one before is answered: a slow client slows itself
    metrics.streamOpened();
    out.setOnCloseHandler(metrics::streamClosed);
    // Nobody needs a draft: a drain ends the stream between any two messages.
    LongStreams.Stream stream = streams.open(Duration.ZERO, out::onCompleted);
    out.setOnCancelHandler(
        () -> {
          stream.close();
          metrics.streamClosed();
        });
    SequenceContexts contexts = new SequenceContexts(properties);
    return new StreamObserver<>() {
      @Override
      public void onNext(DraftRequest request) {
        if (!stream.begin()) {
          return;
        }
        try {
          out.onNext(answer(request, contexts));
          out.request(1);
        } catch (IllegalArgumentException e) {
          stream.close();
          out.onError(Failures.invalid("updates", String.valueOf(e.getMessage())));
        } finally {
          stream.end();
        }
      }

      @Override
      public void onError(Throwable t) {
        // the close handlers have run; the contexts go with this object
      }

      @Override
      public void onCompleted() {
        if (stream.close()) {
          out.onCompleted();
        }
      }
    };
  }

  private DraftReply answer(DraftRequest request, SequenceContexts contexts) {
    DraftReply.Builder reply = DraftReply.newBuilder().setRound(request.getRound());
    for (String ended : request.getEndedList()) {
      contexts.end(ended).ifPresent(context -> report(ended, context));
    }
    for (SequenceUpdate update : request.getUpdatesList()) {
      check(update);
      int[] tokens = update.getTokensList().stream().mapToInt(Integer::intValue).toArray();
      Optional<SequenceContext> context =
          contexts.append(update.getSequence(), update.getOffset(), tokens);
      if (context.isEmpty()) {
        reply.addUnknown(update.getSequence());
      } else if (update.getMaxTokens() > 0) {
        propose(update, context.get(), reply);
      }
    }
    return reply.build();
  }

  private void propose(SequenceUpdate update, SequenceContext context, DraftReply.Builder reply) {
    int[] tokens = context.propose(Math.min(update.getMaxTokens(), properties.maxTokens()));
    metrics.proposed(tokens.length);
    if (tokens.length == 0) {
      return;
    }
    Proposal.Builder proposal =
        Proposal.newBuilder().setSequence(update.getSequence()).setPosition(context.size());
    for (int token : tokens) {
      proposal.addTokens(token);
    }
    reply.addProposals(proposal);
  }

  /** A sequence is called {@code attempt id/epoch}. */
  private static void report(String sequence, SequenceContext context) {
    int slash = sequence.lastIndexOf('/');
    RequestIds.ofAttempt(slash < 0 ? sequence : sequence.substring(0, slash))
        .run(
            () ->
                LOG.info(
                    "draft done: {} tokens known, {} lookups, {} tokens proposed",
                    context.size(),
                    context.lookups(),
                    context.proposed()));
  }

  private static void check(SequenceUpdate update) {
    if (update.getSequence().isEmpty()) {
      throw new IllegalArgumentException("sequence must not be empty");
    }
    if (update.getOffset() < 0) {
      throw new IllegalArgumentException("offset must be at least 0, not " + update.getOffset());
    }
  }
}
