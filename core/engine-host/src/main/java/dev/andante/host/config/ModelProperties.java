package dev.andante.host.config;

import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * The model to serve.
 *
 * @param path a .gguf or .safetensors file, a directory with safetensors and config.json, or for
 *     development {@code dummy:llama-tiny}, {@code dummy:mixtral-tiny} (random weights, bytes as
 *     tokens)
 * @param name what clients put in {@code model}; empty = the file name without extension
 * @param contextLength longest prompt and answer together; 0 = what the model can. Less saves
 *     memory
 */
@Validated
@ConfigurationProperties(prefix = "andante.model", ignoreUnknownFields = false)
public record ModelProperties(
    @DefaultValue("") @NotBlank(message = "set it to the model file to serve") String path,
    @DefaultValue("") String name,
    @DefaultValue("0") @Min(0) int contextLength) {}
