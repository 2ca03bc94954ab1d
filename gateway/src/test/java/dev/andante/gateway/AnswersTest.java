package dev.andante.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.protocol.v1.PrefillRequest;
import dev.andante.protocol.v1.SamplingParameters;
import dev.andante.protocol.v1.StopParameters;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** What answers hold, whole and streamed, and what workers are asked. */
class AnswersTest extends AnswersTestBase {

  @Test
  void aWholeChat() {
    JsonNode out = chat(",\"model\":\"bytes\",\"max_tokens\":20");
    assertThat(out.propertyNames())
        .containsExactly("id", "object", "created", "model", "choices", "usage");
    assertThat(out.get("id").asString()).startsWith("chatcmpl-");
    assertThat(out.get("object").asString()).isEqualTo("chat.completion");
    assertThat(out.get("choices").toString())
        .isEqualTo(
            "[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"Hello\","
                + "\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\"}]");
    assertThat(out.get("usage").toString())
        .isEqualTo(
            "{\"prompt_tokens\":21,\"completion_tokens\":6,\"total_tokens\":27,"
                + "\"prompt_tokens_details\":{\"cached_tokens\":0}}");
  }

  @Test
  void aWholeCompletion() {
    JsonNode out = text("");
    assertThat(out.get("object").asString()).isEqualTo("text_completion");
    assertThat(out.get("id").asString()).startsWith("cmpl-");
    assertThat(out.get("choices").toString())
        .isEqualTo(
            "[{\"index\":0,\"text\":\"Hello\",\"logprobs\":null,\"finish_reason\":\"stop\"}]");
    assertThat(TestModel.text(prefill.prefills.getFirst().getTokensList())).isEqualTo("Once");
  }

  @Test
  void streamedCompletionIsTheSameText() {
    answer("Zwölf 🎻");
    List<JsonNode> chunks = chunks(TEXT, "{\"prompt\":\"x\",\"max_tokens\":50,\"stream\":true}");
    assertThat(chunks).allMatch(c -> c.get("object").asString().equals("text_completion"));
    StringBuilder text = new StringBuilder();
    chunks.forEach(c -> text.append(c.at("/choices/0/text").asString()));
    assertThat(text.toString()).isEqualTo("Zwölf 🎻");
    assertThat(chunks.getLast().at("/choices/0/finish_reason").asString()).isEqualTo("stop");
  }

  @Test
  void aCompletionHasSixteenTokensUnlessMoreAreAskedFor() {
    answer("0123456789abcdefghij");
    JsonNode out = ok(gateway.post(TEXT, "{\"prompt\":\"x\"}"));
    assertThat(out.at("/choices/0/text").asString()).isEqualTo("0123456789abcdef");
    assertThat(out.at("/choices/0/finish_reason").asString()).isEqualTo("length");
    assertThat(out.at("/usage/completion_tokens").asInt()).isEqualTo(16);
  }

  /** Nobody asked for sixteen. */
  @Test
  void aCompletionIsShorterWhereTheContextEnds() {
    answer("0123456789abcdefghij");
    JsonNode out =
        ok(gateway.post(TEXT, "{\"prompt\":\"" + "x".repeat(TestModel.CONTEXT - 5) + "\"}"));
    assertThat(out.at("/choices/0/text").asString()).isEqualTo("01234");
    assertThat(out.at("/choices/0/finish_reason").asString()).isEqualTo("length");
  }

  @Test
  void aChatFillsTheContext() {
    chat("");
    assertThat(prefill.prefills.getFirst().getStop().getMaxTokens())
        .isEqualTo(TestModel.CONTEXT - 21);
  }

  @Test
  void oneTokenEndsWithPrefill() {
    JsonNode out = chat(",\"max_completion_tokens\":1");
    assertThat(out.at("/choices/0/message/content").asString()).isEqualTo("H");
    assertThat(out.at("/choices/0/finish_reason").asString()).isEqualTo("length");
    assertThat(decode.decodes).isEmpty();
  }

  @Test
  void promptsOfAllForms() {
    for (String prompt : List.of("\"ab\"", "[97,98]", "[[97,98]]", "[\"ab\"]")) {
      prefill.prefills.clear();
      ok(gateway.post(TEXT, "{\"prompt\":" + prompt + "}"));
      assertThat(prefill.prefills.getFirst().getTokensList()).containsExactly(97, 98);
    }
    JsonNode several =
        ok(gateway.post(TEXT, "{\"prompt\":[\"a\",\"bc\"],\"n\":2,\"max_tokens\":3}"));
    assertThat(several.get("choices")).hasSize(4);
    assertThat(several.at("/usage/prompt_tokens").asInt()).isEqualTo(3);
    assertThat(several.at("/usage/completion_tokens").asInt()).isEqualTo(12);
    ok(gateway.post(TEXT, "{\"prompt\":\"<|im_start|>\"}"));
    assertThat(prefill.prefills.getLast().getTokensList()).containsExactly(TestModel.IM_START);
  }

  @Test
  void severalAnswersHaveTheirIndexAndTheirSeed() {
    List<JsonNode> chunks = chunks(CHAT, "{" + HI + ",\"n\":3,\"seed\":7,\"stream\":true}");
    for (int index = 0; index < 3; index++) {
      int i = index;
      List<JsonNode> own =
          chunks.stream().filter(c -> c.at("/choices/0/index").asInt() == i).toList();
      assertThat(own.getFirst().at("/choices/0/delta/role").asString()).isEqualTo("assistant");
      assertThat(own.getLast().at("/choices/0/finish_reason").asString()).isEqualTo("stop");
      assertThat(own).hasSize(7);
    }
    assertThat(decode.decodes.stream().map(d -> d.getSampling().getSeed()))
        .containsExactlyInAnyOrder(7L, 8L, 9L);
    assertThat(decode.decodes.stream().map(d -> d.getAttempt().getRequestId()).distinct())
        .hasSize(3);
  }

  @Test
  void withoutASeedEachRequestHasItsOwn() {
    chat("");
    chat("");
    assertThat(prefill.prefills.stream().map(p -> p.getSampling().getSeed()).distinct()).hasSize(2);
  }

  @Test
  void samplingAndStopParametersReachTheWorkers() {
    chat(
        ",\"temperature\":0.5,\"top_p\":0.9,\"top_k\":40,\"min_p\":0.05,\"presence_penalty\":1,"
            + "\"frequency_penalty\":-1,\"repetition_penalty\":1.1,\"logit_bias\":{\"65\":-100},"
            + "\"seed\":-3,\"max_tokens\":30,\"min_tokens\":2,\"ignore_eos\":false,"
            + "\"stop_token_ids\":[7],\"stop\":[\"x\",\"yz\"],\"logprobs\":true,"
            + "\"top_logprobs\":2,\"user\":\"someone\",\"store\":false,\"metadata\":{}");
    PrefillRequest request = prefill.prefills.getFirst();
    assertThat(request.getSampling())
        .isEqualTo(
            SamplingParameters.newBuilder()
                .setTemperature(0.5f)
                .setTopP(0.9f)
                .setTopK(40)
                .setMinP(0.05f)
                .setPresencePenalty(1)
                .setFrequencyPenalty(-1)
                .setRepetitionPenalty(1.1f)
                .putLogitBias(65, -100)
                .setSeed(-3)
                .setLogprobs(true)
                .setTopLogprobs(2)
                .build());
    assertThat(request.getStop())
        .isEqualTo(
            StopParameters.newBuilder()
                .setMaxTokens(30)
                .setMinTokens(2)
                .addStopTokenIds(7)
                .addStop("x")
                .addStop("yz")
                .build());
    assertThat(request.getKvTarget()).isEqualTo(decode.target());
    assertThat(decode.decodes.getFirst().getSampling()).isEqualTo(request.getSampling());
    assertThat(decode.decodes.getFirst().getStop()).isEqualTo(request.getStop());
  }

  /** What says no more than what happens anyway, and null, which is as good as absent. */
  @Test
  void openAisParametersThatChangeNothingAreIgnored() {
    chat(
        ",\"user\":\"someone\",\"safety_identifier\":\"s\",\"prompt_cache_key\":\"k\","
            + "\"prompt_cache_retention\":\"24h\",\"service_tier\":\"auto\",\"store\":true,"
            + "\"metadata\":{\"a\":\"b\"},\"prediction\":{\"type\":\"content\",\"content\":\"x\"},"
            + "\"reasoning_effort\":\"none\",\"verbosity\":\"medium\","
            + "\"modalities\":[\"text\"],\"parallel_tool_calls\":true,\"tools\":[],"
            + "\"tool_choice\":\"auto\",\"functions\":[],\"function_call\":\"none\","
            + "\"audio\":null,\"no_such_parameter\":null");
    text(",\"echo\":false,\"suffix\":\"\",\"best_of\":1,\"n\":1,\"user\":\"someone\"");
    List<JsonNode> chunks =
        chunks(
            CHAT, "{" + HI + ",\"stream\":true,\"stream_options\":{\"include_obfuscation\":true}}");
    assertThat(chunks).noneMatch(chunk -> chunk.has("obfuscation"));
  }

  @Test
  void defaultsAreOpenAis() {
    chat("");
    SamplingParameters sampling = prefill.prefills.getFirst().getSampling();
    assertThat(sampling.getTemperature()).isEqualTo(1);
    assertThat(sampling.getTopP()).isEqualTo(1);
    assertThat(sampling.getTopK()).isZero();
    assertThat(sampling.getRepetitionPenalty()).isEqualTo(1);
  }

  @Test
  void tokenIds() {
    answer("é");
    JsonNode whole = chat(",\"return_token_ids\":true");
    assertThat(ints(whole.at("/choices/0/token_ids"))).containsExactly(0xc3, 0xa9, TestModel.END);
    assertThat(whole.get("prompt_token_ids")).hasSize(21);
    List<JsonNode> chunks = chunks(CHAT, "{" + HI + ",\"return_token_ids\":true,\"stream\":true}");
    assertThat(chunks.getFirst().get("prompt_token_ids")).hasSize(21);
    assertThat(chunks.stream().filter(c -> c.has("prompt_token_ids"))).hasSize(1);
    assertThat(chunks.stream().flatMap(c -> ints(c.at("/choices/0/token_ids")).stream()).toList())
        .containsExactly(0xc3, 0xa9, TestModel.END);
    JsonNode text = text(",\"return_token_ids\":true");
    assertThat(text.at("/choices/0/prompt_token_ids")).hasSize(4);
  }

  @Test
  void contentMayComeInTextParts() {
    ok(
        gateway.post(
            CHAT,
            "{\"messages\":[{\"role\":\"developer\",\"content\":\"S\"},{\"role\":\"user\","
                + "\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\","
                + "\"text\":\"b\"}]}],\"response_format\":{\"type\":\"text\"},\"tools\":[],"
                + "\"tool_choice\":\"none\"}"));
    assertThat(TestModel.text(prefill.prefills.getFirst().getTokensList()))
        .startsWith("<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nab<|im_end|>");
  }

  @Test
  void theRequestIdIsKnownEverywhere() {
    HttpResponse<String> response =
        gateway.send(gateway.postRequest(CHAT, "{" + HI + "}").header("x-request-id", "my-id.1"));
    assertThat(response.headers().firstValue("x-request-id")).hasValue("my-id.1");
    assertThat(prefill.requestIds).containsExactly("my-id.1");
    assertThat(decode.requestIds).containsExactly("my-id.1");
    assertThat(prefill.prefills.getFirst().getAttempt().getRequestId()).startsWith("my-id.1~");
    HttpResponse<String> bad =
        gateway.send(
            gateway.postRequest(CHAT, "{" + HI + "}").header("x-request-id", "not {sane}"));
    assertThat(bad.headers().firstValue("x-request-id").orElseThrow()).hasSize(36);
  }

  @Test
  void models() {
    JsonNode list = ok(gateway.get("/v1/models"));
    assertThat(list.get("object").asString()).isEqualTo("list");
    JsonNode model = list.at("/data/0");
    assertThat(model.get("id").asString()).isEqualTo("bytes");
    assertThat(model.get("object").asString()).isEqualTo("model");
    assertThat(model.get("owned_by").asString()).isEqualTo("andante");
    assertThat(model.get("max_model_len").asInt()).isEqualTo(TestModel.CONTEXT);
    assertThat(ok(gateway.get("/v1/models/bytes"))).isEqualTo(model);
  }

  @Test
  void tokenizeAndBack() {
    JsonNode out = ok(gateway.post("/tokenize", "{\"prompt\":\"hé\",\"return_token_strs\":true}"));
    assertThat(out.toString())
        .isEqualTo(
            "{\"count\":3,\"max_model_len\":256,\"tokens\":[104,195,169],"
                + "\"token_strs\":[\"h\",\"\uFFFD\",\"\uFFFD\"]}");
    assertThat(
            ok(gateway.post("/detokenize", "{\"tokens\":[104,195,169]}")).get("prompt").asString())
        .isEqualTo("hé");
    JsonNode chat = ok(gateway.post("/tokenize", "{" + HI + ",\"model\":\"bytes\"}"));
    assertThat(chat.get("count").asInt()).isEqualTo(21);
  }

  @Test
  void metricsCountWhatWasServed() {
    chat("");
    gateway.post(CHAT, "{" + HI + ",\"stream\":true,\"andante\":{\"qoe\":{}}}");
    String metrics = gateway.get("/metrics").body();
    String labels = "{engine=\"gateway\",model_name=\"bytes\"";
    for (String name :
        List.of(
            "vllm:time_to_first_token_seconds_bucket",
            "vllm:inter_token_latency_seconds_bucket",
            "vllm:request_time_per_output_token_seconds_bucket",
            "vllm:e2e_request_latency_seconds_bucket",
            "vllm:request_queue_time_seconds_bucket",
            "vllm:request_prefill_time_seconds_bucket",
            "vllm:request_decode_time_seconds_bucket",
            "vllm:request_inference_time_seconds_bucket",
            "vllm:request_prompt_tokens_bucket",
            "vllm:request_generation_tokens_bucket",
            "vllm:prompt_tokens_total",
            "vllm:generation_tokens_total")) {
      assertThat(metrics).contains("\n" + name + labels);
    }
    assertThat(metrics)
        .contains(
            "vllm:request_success_total{engine=\"gateway\",finished_reason=\"stop\",model_name=")
        .contains("andante_admission_total{outcome=\"admitted\"}")
        .contains("andante_admission_running 0")
        .contains("andante_admission_queued 0")
        .contains("\nandante_qoe_pressure 0")
        .contains("\nandante_qoe_bucket{class=\"normal\",model_name=\"bytes\",le=\"0.0\"} ")
        .contains("\nandante_pacer_slack_seconds_bucket{model_name=\"bytes\",le=\"0.1\"} ")
        .contains("\nandante_qoe_count{class=\"normal\",model_name=\"bytes\"} ");
  }

  @Test
  void thePlayground() {
    HttpResponse<String> page = gateway.get("/");
    assertThat(page.statusCode()).isEqualTo(200);
    assertThat(page.headers().firstValue("content-type").orElse("")).startsWith("text/html");
    assertThat(page.body()).contains("/v1/chat/completions").doesNotContain("https://");
  }
}
