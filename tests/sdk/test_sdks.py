"""The official Python SDKs against the simulator at SIMULATOR_URL: streaming and not, tools, caches, errors.

No test depends on the order of tests or on an empty simulator: keys and call keys are unique to each.
"""

import asyncio
import json
import os
import urllib.error
import urllib.request
import uuid

import anthropic
import openai
import pytest

URL = os.environ["SIMULATOR_URL"].rstrip("/")
CLAUDE = "claude-sonnet-5-5"
GPT = "gpt-5.6-terra"
HELLO = [{"role": "user", "content": "Hello, what is the weather in Paris?"}]
WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]}},
    "required": ["city", "unit"],
}


@pytest.fixture
def claude():
    return anthropic.Anthropic(base_url=URL, api_key=f"key-{uuid.uuid4()}", max_retries=0)


@pytest.fixture
def gpt():
    return openai.OpenAI(base_url=f"{URL}/v1", api_key=f"key-{uuid.uuid4()}", max_retries=0)


def fault(effect):
    return {"x-groundwork-fault": effect}


# --- Anthropic ---------------------------------------------------------------------------------------------------------


def test_claude_answers_and_says_that_it_is_simulated(claude):
    raw = claude.messages.with_raw_response.create(model=CLAUDE, max_tokens=500, messages=HELLO)
    assert raw.headers["x-groundwork-simulated"] == "true"
    assert raw.headers["request-id"].startswith("req_")
    assert int(raw.headers["anthropic-ratelimit-requests-remaining"]) > 0
    message = raw.parse()
    assert message.role == "assistant" and message.model == CLAUDE and message.stop_reason == "end_turn"
    assert "imulated" in message.content[0].text
    assert message.usage.input_tokens > 0 and message.usage.output_tokens > 0


def test_claude_streams_the_same_text(claude):
    whole = claude.messages.create(model=CLAUDE, max_tokens=500, messages=HELLO)
    with claude.messages.stream(
        model=CLAUDE, max_tokens=500, messages=HELLO, extra_headers={"x-groundwork-deltas-per-s": "200"}
    ) as stream:
        deltas = list(stream.text_stream)
        final = stream.get_final_message()
    assert len(deltas) > 3
    assert "".join(deltas) == final.content[0].text == whole.content[0].text
    assert final.stop_reason == "end_turn" and final.usage.output_tokens == whole.usage.output_tokens
    kinds = [event.type for event in claude.messages.create(model=CLAUDE, max_tokens=500, messages=HELLO, stream=True)]
    assert kinds[0] == "message_start" and kinds[-2:] == ["message_delta", "message_stop"]


def test_claude_streams_asynchronously():
    async def run():
        async with anthropic.AsyncAnthropic(base_url=URL, api_key="key", max_retries=0) as client:
            async with client.messages.stream(model=CLAUDE, max_tokens=500, messages=HELLO) as stream:
                return "".join([text async for text in stream.text_stream])

    assert "imulated" in asyncio.run(run())


@pytest.mark.parametrize("streamed", [False, True])
def test_claude_calls_a_tool_and_takes_its_result(claude, streamed):
    tools = [{"name": "get_weather", "description": "Weather of a city", "input_schema": WEATHER}]
    asked = {"model": CLAUDE, "max_tokens": 500, "tools": tools}
    if streamed:
        with claude.messages.stream(**asked, messages=HELLO) as stream:
            message = stream.get_final_message()
    else:
        message = claude.messages.create(**asked, messages=HELLO)
    assert message.stop_reason == "tool_use"
    call = next(block for block in message.content if block.type == "tool_use")
    assert call.name == "get_weather" and call.input == {"city": "Paris", "unit": "celsius"}
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "19 degrees"}
    turns = HELLO + [{"role": "assistant", "content": message.content}, {"role": "user", "content": [result]}]
    after = claude.messages.create(**asked, messages=turns)
    assert after.stop_reason == "end_turn" and "19 degrees" in after.content[0].text
    never = claude.messages.create(**asked, messages=HELLO, tool_choice={"type": "none"})
    assert never.stop_reason == "end_turn"


def test_claude_caches_up_to_the_breakpoint(claude):
    system = [{"type": "text", "text": "Rules. " * 800, "cache_control": {"type": "ephemeral"}}]
    first = claude.messages.create(model=CLAUDE, max_tokens=50, system=system, messages=HELLO).usage
    again = claude.messages.create(model=CLAUDE, max_tokens=50, system=system, messages=HELLO).usage
    assert first.cache_creation_input_tokens > 1000 and first.cache_read_input_tokens == 0
    assert first.cache_creation.ephemeral_5m_input_tokens == first.cache_creation_input_tokens
    assert again.cache_read_input_tokens == first.cache_creation_input_tokens
    assert again.cache_creation_input_tokens == 0 and again.input_tokens == first.input_tokens
    counted = claude.messages.count_tokens(model=CLAUDE, system=system, messages=HELLO).input_tokens
    assert counted == first.input_tokens + first.cache_creation_input_tokens


def test_claude_keeps_limits(claude):
    cut = claude.messages.create(model=CLAUDE, max_tokens=3, messages=HELLO)
    assert cut.stop_reason == "max_tokens" and cut.usage.output_tokens <= 3
    stopped = claude.messages.create(model=CLAUDE, max_tokens=99, messages=HELLO, stop_sequences=["wrote"])
    assert stopped.stop_reason == "stop_sequence" and stopped.stop_sequence == "wrote"


@pytest.mark.parametrize(
    ("effect", "error", "status", "kind"),
    [
        ("rate_limit,retry_after_s=7", anthropic.RateLimitError, 429, "rate_limit_error"),
        ("overloaded", anthropic.InternalServerError, 529, "overloaded_error"),
        ("server_error", anthropic.InternalServerError, 500, "api_error"),
        ("bad_request", anthropic.BadRequestError, 400, "invalid_request_error"),
        ("unauthorized", anthropic.AuthenticationError, 401, "authentication_error"),
        ("not_found", anthropic.NotFoundError, 404, "not_found_error"),
    ],
)
def test_claude_errors_are_the_sdks_own(claude, effect, error, status, kind):
    with pytest.raises(error) as caught:
        claude.messages.create(model=CLAUDE, max_tokens=9, messages=HELLO, extra_headers=fault(effect))
    assert caught.value.status_code == status and caught.value.body["error"]["type"] == kind
    assert caught.value.request_id.startswith("req_")
    if status == 429:
        assert caught.value.response.headers["retry-after"] == "7"


def test_claude_refuses_wrong_requests(claude):
    with pytest.raises(anthropic.NotFoundError):
        claude.messages.create(model="claude-imaginary-9", max_tokens=9, messages=HELLO)
    with pytest.raises(anthropic.BadRequestError):
        claude.messages.create(model=CLAUDE, max_tokens=9, messages=[])
    with pytest.raises(anthropic.AuthenticationError):
        claude.with_options(api_key="invalid").messages.create(model=CLAUDE, max_tokens=9, messages=HELLO)


def test_claude_faults_in_mid_stream(claude):
    def read(effect):
        slow = {"x-groundwork-deltas-per-s": "500", **fault(effect)}
        with claude.messages.stream(model=CLAUDE, max_tokens=500, messages=HELLO, extra_headers=slow) as stream:
            list(stream.text_stream)
            return stream.get_final_message()

    with pytest.raises(anthropic.APIStatusError) as caught:
        read("error_event")
    assert caught.value.body["error"]["type"] == "overloaded_error"
    with pytest.raises(Exception, match="(?i)peer closed|incomplete|connection"):
        read("break_stream")
    assert read("refuse").stop_reason == "refusal"
    assert read("max_tokens").stop_reason == "max_tokens"


def test_claude_sdk_retries_what_is_overloaded_once(claude):
    key = f"{uuid.uuid4()}/spec/1/1"
    rule = {"effect": "overloaded", "call_key": key, "times": 1, "retry_after_s": 0}
    control("POST", "/_simulator/faults", rule)
    patient = claude.with_options(max_retries=2)
    headers = {"x-groundwork-call-key": key, "x-groundwork-agent": "nobody"}
    assert patient.messages.create(model=CLAUDE, max_tokens=9, messages=HELLO, extra_headers=headers)
    calls = control("GET", f"/_simulator/calls?call_key={key}")["calls"]
    assert [(call["status"], call["fault"], call["finished"]) for call in calls] == [
        (529, "overloaded", True),
        (200, None, True),
    ]
    assert calls[0]["ended_ms"] <= calls[1]["started_ms"] and calls[0]["agent"] == "nobody"


def test_claude_lists_models(claude):
    assert CLAUDE in [model.id for model in claude.models.list()]
    assert claude.models.retrieve(CLAUDE).type == "model"


# --- OpenAI ------------------------------------------------------------------------------------------------------------


def test_gpt_answers_and_says_that_it_is_simulated(gpt):
    raw = gpt.chat.completions.with_raw_response.create(model=GPT, messages=HELLO)
    assert raw.headers["x-groundwork-simulated"] == "true" and raw.headers["x-request-id"]
    completion = raw.parse()
    choice = completion.choices[0]
    assert choice.finish_reason == "stop" and "imulated" in choice.message.content
    usage = completion.usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens > 0


def test_gpt_streams_with_usage(gpt):
    whole = gpt.chat.completions.create(model=GPT, messages=HELLO)
    chunks = list(
        gpt.chat.completions.create(
            model=GPT,
            messages=HELLO,
            stream=True,
            stream_options={"include_usage": True},
            extra_headers={"x-groundwork-deltas-per-s": "200"},
        )
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert chunks[-1].choices == [] and chunks[-1].usage == whole.usage
    assert chunks[-2].choices[0].finish_reason == "stop" and len(chunks) > 5
    without = list(gpt.chat.completions.create(model=GPT, messages=HELLO, stream=True))
    assert all(chunk.usage is None for chunk in without)


def test_gpt_streams_asynchronously():
    async def run():
        async with openai.AsyncOpenAI(base_url=f"{URL}/v1", api_key="key", max_retries=0) as client:
            stream = await client.chat.completions.create(model=GPT, messages=HELLO, stream=True)
            return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    assert "imulated" in asyncio.run(run())


@pytest.mark.parametrize("streamed", [False, True])
def test_gpt_calls_a_tool_and_takes_its_result(gpt, streamed):
    tools = [{"type": "function", "function": {"name": "get_weather", "parameters": WEATHER}}]
    if streamed:
        name, call_id, arguments = None, None, ""
        for chunk in gpt.chat.completions.create(model=GPT, messages=HELLO, tools=tools, stream=True):
            for call in chunk.choices[0].delta.tool_calls or []:
                assert call.index == 0
                name, call_id = call.function.name or name, call.id or call_id
                arguments += call.function.arguments or ""
            reason = chunk.choices[0].finish_reason
    else:
        choice = gpt.chat.completions.create(model=GPT, messages=HELLO, tools=tools).choices[0]
        call, reason = choice.message.tool_calls[0], choice.finish_reason
        name, call_id, arguments = call.function.name, call.id, call.function.arguments
    assert reason == "tool_calls" and name == "get_weather"
    assert json.loads(arguments) == {"city": "Paris", "unit": "celsius"}
    function = {"name": name, "arguments": arguments}
    turns = HELLO + [
        {"role": "assistant", "content": None, "tool_calls": [{"id": call_id, "type": "function", "function": function}]},
        {"role": "tool", "tool_call_id": call_id, "content": "19 degrees"},
    ]
    after = gpt.chat.completions.create(model=GPT, messages=turns, tools=tools).choices[0]
    assert after.finish_reason == "stop" and "19 degrees" in after.message.content
    named = {"type": "function", "function": {"name": "get_weather"}}
    assert gpt.chat.completions.create(model=GPT, messages=HELLO, tools=tools, tool_choice=named).choices[0].message.tool_calls
    assert not gpt.chat.completions.create(model=GPT, messages=HELLO, tools=tools, tool_choice="none").choices[0].message.tool_calls


def test_gpt_writes_json_of_a_schema(gpt):
    form = {"type": "json_schema", "json_schema": {"name": "weather", "strict": True, "schema": WEATHER}}
    completion = gpt.chat.completions.create(model=GPT, messages=HELLO, response_format=form)
    assert json.loads(completion.choices[0].message.content) == {"city": "Paris", "unit": "celsius"}


def test_gpt_caches_by_itself(gpt):
    messages = [{"role": "system", "content": "Rules. " * 2000}] + HELLO
    first = gpt.chat.completions.create(model=GPT, messages=messages).usage
    again = gpt.chat.completions.create(model=GPT, messages=messages).usage
    assert first.prompt_tokens_details.cached_tokens == 0
    assert 1024 <= again.prompt_tokens_details.cached_tokens <= again.prompt_tokens
    assert again.prompt_tokens_details.cached_tokens % 128 == 0
    short = [gpt.chat.completions.create(model=GPT, messages=HELLO).usage for _ in range(2)]
    assert short[1].prompt_tokens_details.cached_tokens == 0


@pytest.mark.parametrize(
    ("effect", "error", "status", "code"),
    [
        ("rate_limit,retry_after_s=7", openai.RateLimitError, 429, "rate_limit_exceeded"),
        ("overloaded", openai.InternalServerError, 503, "server_is_overloaded"),
        ("server_error", openai.InternalServerError, 500, None),
        ("bad_request", openai.BadRequestError, 400, None),
        ("unauthorized", openai.AuthenticationError, 401, "invalid_api_key"),
        ("not_found", openai.NotFoundError, 404, "model_not_found"),
    ],
)
def test_gpt_errors_are_the_sdks_own(gpt, effect, error, status, code):
    with pytest.raises(error) as caught:
        gpt.chat.completions.create(model=GPT, messages=HELLO, extra_headers=fault(effect))
    assert caught.value.status_code == status and caught.value.code == code and caught.value.request_id
    if status == 429:
        assert caught.value.response.headers["retry-after"] == "7"


def test_gpt_refuses_wrong_requests(gpt):
    with pytest.raises(openai.NotFoundError) as caught:
        gpt.chat.completions.create(model="gpt-imaginary", messages=HELLO)
    assert caught.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError):
        gpt.chat.completions.create(model=GPT, messages=[])
    with pytest.raises(openai.AuthenticationError):
        gpt.with_options(api_key="invalid").chat.completions.create(model=GPT, messages=HELLO)


def test_gpt_faults_in_mid_stream(gpt):
    def read(effect):
        slow = {"x-groundwork-deltas-per-s": "500", **fault(effect)}
        chunks = gpt.chat.completions.create(model=GPT, messages=HELLO, stream=True, extra_headers=slow)
        return [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1]

    with pytest.raises(openai.APIError, match="overloaded"):
        read("error_event")
    with pytest.raises(Exception, match="(?i)peer closed|incomplete|connection"):
        read("break_stream")
    assert read("refuse") == "content_filter"
    assert read("max_tokens") == "length"


def test_gpt_lists_models(gpt):
    assert GPT in [model.id for model in gpt.models.list()]
    assert gpt.models.retrieve(GPT).object == "model"


# --- what no SDK sends -------------------------------------------------------------------------------------------------


def control(method, path, body=None):
    request = urllib.request.Request(
        URL + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request) as response:
        return json.loads(response.read() or b"null")


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/chat/completions"])
def test_no_key_and_broken_json(path):
    def post(headers):
        request = urllib.request.Request(URL + path, data=b"{not json", headers=headers, method="POST")
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request)
        return caught.value.code, json.loads(caught.value.read())

    status, body = post({})
    assert status == 401 and body["error"]["message"]
    assert (body.get("type") == "error") == (path == "/v1/messages")
    keys = {"authorization": "Bearer k", "x-api-key": "k", "anthropic-version": "2023-06-01"}
    status, body = post(keys)
    assert status == 400 and body["error"]["type"] == "invalid_request_error"
