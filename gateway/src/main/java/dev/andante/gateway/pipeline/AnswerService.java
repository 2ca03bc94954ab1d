package dev.andante.gateway.pipeline;

import dev.andante.gateway.admission.Admission;
import dev.andante.gateway.admission.Applicant;
import dev.andante.gateway.admission.Ticket;
import dev.andante.gateway.client.MeshClient;
import dev.andante.gateway.config.GatewayProperties;
import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.error.DropReason;
import dev.andante.gateway.metrics.AnswerClock;
import dev.andante.gateway.metrics.GatewayMetrics;
import dev.andante.gateway.routing.Placer;
import dev.andante.gateway.routing.Punctuality;
import dev.andante.gateway.routing.ServedModel;
import dev.andante.gateway.routing.Wanted;
import io.grpc.Deadline;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.random.RandomGenerator;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * All steps of a request. Cancelling the answers cancels whatever is under way and frees the place.
 */
public final class AnswerService {

  private final GatewayProperties properties;
  private final PromptEncoder encoder;
  private final Admission admission;
  private final Placer placer;
  private final Punctuality punctuality;
  private final MeshClient client;
  private final GatewayMetrics metrics;
  private final AnswerPlanner planner;
  private final Hedging hedging;

  public AnswerService(
      GatewayProperties properties,
      PromptEncoder encoder,
      Admission admission,
      Placer placer,
      Punctuality punctuality,
      MeshClient client,
      GatewayMetrics metrics,
      RandomGenerator seeds) {
    this.properties = properties;
    this.encoder = encoder;
    this.admission = admission;
    this.placer = placer;
    this.punctuality = punctuality;
    this.client = client;
    this.metrics = metrics;
    this.planner = new AnswerPlanner(seeds);
    this.hedging = new Hedging(properties.hedging(), placer, System::nanoTime);
  }

  /**
   * The answers of a request, interleaved as they come; each is Start, Piece…, End. Fails with
   * {@link ApiException}.
   *
   * @param applicant asks for as many answers as the request
   * @param reading what its reader will do
   */
  public Flux<Answer> answers(
      AnswerRequest request,
      ServedModel model,
      Applicant applicant,
      Reading reading,
      Progress progress) {
    return Flux.defer(
        () -> {
          long arrived = System.nanoTime();
          Duration limit = properties.requestTimeout();
          Deadline deadline = Deadline.after(limit.toMillis(), TimeUnit.MILLISECONDS);
          admission.check(applicant); // before anything is spent on it
          Flux<Answer> answers =
              encoder
                  .encode(model, request.prompts())
                  .doOnNext(prompts -> prompts.forEach(ids -> progress.promptTokens(ids.length)))
                  .map(
                      prompts ->
                          planner.plan(
                              request,
                              model,
                              applicant.priority(),
                              tokens ->
                                  new Asker(
                                      reading.expects().apply(tokens),
                                      !reading.streamed(),
                                      arrived),
                              prompts,
                              deadline))
                  .doOnNext(plans -> judge(plans, applicant, model, reading))
                  .flatMapMany(plans -> admitted(plans, applicant, model, arrived, progress));
          return TimeLimit.over(answers, Mono.delay(limit), () -> late(applicant, progress));
        });
  }

  /** Of several prompts the longest counts. */
  private void judge(
      List<AnswerPlan> plans, Applicant applicant, ServedModel model, Reading reading) {
    int[] prompt =
        plans.stream()
            .map(AnswerPlan::prompt)
            .max(Comparator.comparingInt(ids -> ids.length))
            .orElseThrow();
    punctuality.check(
        model,
        () -> Wanted.of(model, prompt, List.of()),
        reading.expects().apply(prompt.length),
        reading.streamed(),
        () -> admission.waitSeconds(applicant));
  }

  private ApiException late(Applicant applicant, Progress progress) {
    return progress.admitted()
        ? ApiException.deadline("The answer was not finished before the request's deadline.")
        : ApiException.expired(
            admission.retryAfter(applicant.tenant()),
            "The request's deadline passed while it waited for its turn; the server is saturated.");
  }

  private Flux<Answer> admitted(
      List<AnswerPlan> plans,
      Applicant applicant,
      ServedModel model,
      long arrived,
      Progress progress) {
    return Flux.defer(
        () -> {
          Ticket ticket = admission.enqueue(applicant);
          return ticket
              .admitted()
              .timeout(properties.admission().queueTimeout())
              .onErrorMap(TimeoutException.class, e -> waitedTooLong(applicant))
              // Not on the thread of the request that made room: it has its own work to end.
              .publishOn(Schedulers.parallel())
              .doOnSuccess(
                  nothing -> {
                    plans.forEach(plan -> ticket.promptTokens(plan.prompt().length));
                    progress.admit(ticket.waitedNanos());
                    metrics.model(model.name()).queued(ticket.waitedNanos());
                  })
              .thenMany(Flux.defer(() -> generateAll(plans, ticket, arrived, progress)))
              .doFinally(signal -> ticket.release());
        });
  }

  private ApiException waitedTooLong(Applicant applicant) {
    return ApiException.saturated(
        DropReason.TTL_EXPIRED,
        admission.retryAfter(applicant.tenant()),
        "The request waited "
            + properties.admission().queueTimeout().toMillis()
            + " ms for its turn; the server is saturated.");
  }

  private Flux<Answer> generateAll(
      List<AnswerPlan> plans, Ticket ticket, long arrived, Progress progress) {
    List<Flux<Answer>> answers = new ArrayList<>();
    Siblings siblings = new Siblings();
    for (AnswerPlan plan : plans) {
      siblings = plan.first() ? new Siblings() : siblings;
      answers.add(generate(plan, siblings, ticket, arrived, progress));
    }
    return answers.size() == 1
        ? answers.getFirst()
        : Flux.fromIterable(answers).flatMap(answer -> answer, answers.size());
  }

  private Flux<Answer> generate(
      AnswerPlan plan, Siblings siblings, Ticket ticket, long arrived, Progress progress) {
    return Flux.defer(
        () -> {
          Generation generation =
              new Generation(
                  plan,
                  siblings,
                  placer,
                  client,
                  new Retries(
                      new Retries.Limits(
                          properties.routing().maxAttempts(),
                          properties.routing().retryBackoff(),
                          properties.admission().queueTimeout(),
                          properties.routing().replacementTimeout())),
                  hedging,
                  () -> admission.retryAfter(ticket.applicant().tenant()),
                  metrics,
                  progress);
          AnswerAssembler assembler = new AnswerAssembler(plan);
          AnswerClock clock = new AnswerClock(metrics.model(plan.model().name()), arrived);
          return generation
              .events()
              .doOnNext(event -> tick(clock, ticket, event))
              // What came before a failure is still delivered.
              .concatMapDelayError(event -> Flux.fromIterable(assembler.accept(event)))
              .takeUntil(Answer.End.class::isInstance)
              .doOnNext(answer -> ended(clock, answer));
        });
  }

  private static void tick(AnswerClock clock, Ticket ticket, GenerationEvent event) {
    if (event instanceof GenerationEvent.Tokens tokens) {
      clock.tokens(tokens.tokens().size());
      ticket.generatedTokens(tokens.tokens().size());
    }
  }

  private static void ended(AnswerClock clock, Answer answer) {
    if (answer instanceof Answer.End end) {
      clock.finished(end.finish().wireName(), end.promptTokens(), end.generatedTokens());
    }
  }
}
