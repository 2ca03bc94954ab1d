package dev.andante.gateway.pipeline;

import dev.andante.gateway.admission.PriorityClass;
import dev.andante.gateway.routing.ServedModel;
import dev.andante.protocol.v1.SamplingParameters;
import dev.andante.protocol.v1.StopParameters;
import dev.andante.service.grpc.RequestIdentity;
import io.grpc.Deadline;

/**
 * All that one answer needs to be generated.
 *
 * @param id unique per answer
 * @param index of the answer in the response
 * @param first of the answers to its prompt
 * @param speculation whether draft tokens may be verified for it
 */
public record AnswerPlan(
    String id,
    RequestIdentity identity,
    int index,
    boolean first,
    ServedModel model,
    int[] prompt,
    SamplingParameters sampling,
    StopParameters stop,
    boolean speculation,
    PriorityClass priority,
    Asker asker,
    Deadline deadline) {}
