package dev.andante.draft;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * Prompt lookup.
 *
 * @param maxNgram longest suffix that is looked up; shorter ones follow until one matches
 * @param maxTokens most tokens proposed at once, whatever a client asks for
 * @param maxSequences contexts kept per stream; the longest untouched is forgotten
 * @param maxContext tokens kept per sequence; a longer one is not drafted for
 */
@Validated
@ConfigurationProperties(prefix = "andante.draft", ignoreUnknownFields = false)
public record DraftProperties(
    @DefaultValue("3") @Min(1) @Max(8) int maxNgram,
    @DefaultValue("10") @Min(1) @Max(64) int maxTokens,
    @DefaultValue("1024") @Min(1) @Max(65536) int maxSequences,
    @DefaultValue("131072") @Min(16) int maxContext) {}
